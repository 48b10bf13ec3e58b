import { PAPER } from './palette.ts';
import { tenth, type Mark, type Role, type Scene } from './scene.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** Attributes of a mark, colours left out: those come from a stylesheet or a palette. */
function geometry(mark: Mark): [tag: string, attributes: Record<string, string | number>] {
	switch (mark.kind) {
		case 'rect': {
			const { x, y, width, height } = mark;
			return ['rect', { x: tenth(x), y: tenth(y), width: tenth(width), height: tenth(height) }];
		}
		case 'path':
			return ['path', { d: mark.d }];
		case 'text':
			return ['text', { x: tenth(mark.x), y: tenth(mark.y), 'text-anchor': mark.anchor }];
	}
}

/** Whether a mark is drawn as a line rather than an area. */
function isStroke(mark: Mark): boolean {
	return mark.kind === 'path' && !mark.filled;
}

/**
 * Draws a scene into an `<svg>` of the page. Marks carry the classes `mark`, their role, and
 * `stroke` for lines; the page's stylesheet gives them colours, so that themes apply.
 */
export function drawScene(svg: SVGSVGElement, scene: Scene): void {
	svg.setAttribute('viewBox', `0 0 ${scene.width} ${scene.height}`);
	svg.setAttribute('aria-label', scene.title);
	const marks = scene.marks.map((mark) => {
		const [tag, attributes] = geometry(mark);
		const element = document.createElementNS(SVG, tag);
		for (const [name, value] of Object.entries(attributes))
			element.setAttribute(name, String(value));
		element.setAttribute('class', `mark ${mark.role}${isStroke(mark) ? ' stroke' : ''}`);
		if (mark.kind === 'text') element.textContent = mark.text;
		return element;
	});
	svg.replaceChildren(...marks);
}

/** A scene as a file of its own: colours written out, title and background included. */
export function sceneSvg(
	scene: Scene,
	palette: Record<Role | 'background', string> = PAPER
): string {
	const { width, height, title } = scene;
	const marks = scene.marks.map((mark) => {
		const [tag, attributes] = geometry(mark);
		const colour = palette[mark.role];
		const paint: Record<string, string> = isStroke(mark)
			? { fill: 'none', stroke: colour }
			: { fill: colour };
		const body = mark.kind === 'text' ? escape(mark.text) : '';
		return `<${tag}${write({ ...attributes, ...paint })}>${body}</${tag}>`;
	});
	return [
		`<svg xmlns="${SVG}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
		`<title>${escape(title)}</title>`,
		`<rect width="${width}" height="${height}" fill="${palette.background}"></rect>`,
		...marks,
		'</svg>',
		''
	].join('\n');
}

function write(attributes: Record<string, string | number>): string {
	return Object.entries(attributes)
		.map(([name, value]) => ` ${name}="${escape(String(value))}"`)
		.join('');
}

/** Text for XML: markup escaped, characters that XML 1.0 forbids replaced by U+FFFD. */
function escape(text: string): string {
	return text
		.toWellFormed()
		.replace(/[[\p{Cc}\uFFFE\uFFFF]--[\t\n\r]]/gv, '\uFFFD')
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;')
		.replaceAll('"', '&quot;');
}
