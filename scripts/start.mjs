// npm start: install what is missing, build, serve. Runs on the machine's own Node (20 or newer) and
// hands over to the Node 24 that the project installs.
import { installPackages, run, say } from './run.mjs';

installPackages();
process.exitCode = run('node', [
	'--input-type=module',
	'-e',
	"import('./scripts/build.mjs').then((b) => b.ensureBuild())"
]);
if (process.exitCode === 0) {
	say('Serving the studio');
	process.exitCode = run('node', ['scripts/serve.mjs']);
}
