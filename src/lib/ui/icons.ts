/**
 * Path data of the studio's icons, drawn on a 16 × 16 grid with a 1.5 stroke and no fill.
 * A new icon is one entry here; {@link IconName} and `Icon.svelte` follow.
 */
export const ICONS = {
	alert: 'M8 2.5 14.5 13.5h-13zM8 6.5v3.25M8 11.6v.1',
	branch:
		'M4.5 5v6M4.5 11a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zM4.5 5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM11.5 6a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM11.5 6c0 3.5-7 1.5-7 5',
	check: 'M2.5 8.5 6 12l7.5-8',
	chevron: 'M6 3.5 10.5 8 6 12.5',
	close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
	copy: 'M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3',
	cpu: 'M4 4h8v8H4zM6.5 6.5h3v3h-3zM6 4V1.5M10 4V1.5M6 14.5V12M10 14.5V12M4 6H1.5M4 10H1.5M14.5 6H12M14.5 10H12',
	download: 'M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11',
	edit: 'M10.5 3l2.5 2.5L5.5 13H3v-2.5z',
	folder: 'M1.5 12.5v-9h4.5l1.5 2h7v7z',
	forward: 'M3 3.5 8 8l-5 4.5zM8.5 3.5 13.5 8l-5 4.5z',
	history: 'M2.5 8a5.5 5.5 0 1 0 2-4.25M2 2.5l.5 3 3-.2M8 5v3.25l2.25 1.5',
	info: 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5zM8 7.25v4M8 4.8v.1',
	moon: 'M13.5 9.5A5.75 5.75 0 0 1 6.5 2.5a5.75 5.75 0 1 0 7 7z',
	more: 'M3.5 8v.01M8 8v.01M12.5 8v.01',
	play: 'M4.5 2.75 12.5 8l-8 5.25z',
	plus: 'M8 3v10M3 8h10',
	refresh: 'M13.5 8a5.5 5.5 0 1 1-2-4.25M14 2.5l-.5 3-3-.2',
	share: 'M8 9.5V2M5 4.5 8 1.75l3 2.75M5 7H3v6.5h10V7h-2',
	shield: 'M8 1.75 13 3.5V8c0 3-2 5-5 6.25C5 13 3 11 3 8V3.5zM5.75 8l1.75 1.75 3-3.25',
	sliders: 'M2 4.5h6M11 4.5h3M9.5 3v3M2 11.5h3M8 11.5h6M6.5 10v3',
	stop: 'M4 4h8v8H4z',
	sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1.25v1.25M8 13.5v1.25M1.25 8H2.5M13.5 8h1.25M3.25 3.25l.9.900M11.85 11.85l.9.900M3.25 12.75l.9-.9M11.85 4.15l.9-.9',
	system: 'M1.75 3h12.5v8H1.75zM5.5 13.5h5M8 11v2.5',
	trash: 'M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.75 7v4M9.25 7v4',
	undo: 'M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8H6'
} as const;

/** Name of an icon of the set. */
export type IconName = keyof typeof ICONS;
