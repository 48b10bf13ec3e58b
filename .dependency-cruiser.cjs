/**
 * The layer table of docs/architecture.md: a room of src/lib imports itself, core, and what its row
 * names. `host.ts` is the one place of studio/ that wires the engines together.
 */
const ROOMS = {
	core: [],
	graph: [],
	store: [],
	hub: ['store', 'graph'],
	runtime: ['graph'],
	text: [],
	image: [],
	explain: [],
	train: [],
	track: [],
	govern: [],
	studio: [],
	viz: [],
	state: ['studio', 'embed'],
	ui: [],
	embed: [],
	panels: ['state', 'viz', 'ui', 'embed']
};

const layers = Object.entries(ROOMS).map(([room, allowed]) => ({
	name: `layer-${room}`,
	comment: `src/lib/${room} may import only ${[room, 'core', ...allowed].join(', ')} of src/lib`,
	severity: 'error',
	from: { path: `^src/lib/${room}/`, pathNot: ['^src/lib/studio/(host|spawn)', '\\.test\\.ts$'] },
	to: {
		path: '^(src|workers|cli)/',
		pathNot: `^src/lib/(${[room, 'core', ...allowed].join('|')})/`
	}
}));

module.exports = {
	forbidden: [
		...layers,
		{
			name: 'no-cycles',
			severity: 'error',
			from: {},
			to: { circular: true }
		},
		{
			name: 'state-knows-the-client-only',
			comment: 'pages and state talk to engines through studio/api and studio/client',
			severity: 'error',
			from: { path: '^src/(lib/(state|ui|panels|viz)|routes)/', pathNot: '\\.test\\.ts$' },
			to: { path: '^src/lib/(studio/host|runtime|graph|store|hub|text|image|explain|train)' }
		},
		{
			name: 'workers-enter-through-the-host',
			severity: 'error',
			from: { path: '^workers/' },
			to: { path: '^src/', pathNot: '^src/lib/studio/host' }
		},
		{
			name: 'production-does-not-import-tests',
			severity: 'error',
			from: { path: '^(src|workers|cli)/', pathNot: '\\.test\\.ts$' },
			to: { path: '(\\.test\\.ts$|^tests/)' }
		}
	],
	options: {
		doNotFollow: { path: 'node_modules' },
		exclude: { path: '(\\$app|\\.svelte-kit|^stubs)' },
		tsPreCompilationDeps: true,
		tsConfig: { fileName: 'tsconfig.json' },
		enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] }
	}
};
