// Applies the remembered theme before the first paint. A file rather than an inline script, so that
// the content security policy needs no hash for it. Written again by src/lib/state/theme.svelte.ts.
(function () {
	try {
		var theme = localStorage.getItem('vitrine-theme');
		if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
	} catch {
		// No storage (private window, sandboxed frame): the system's preference stands.
	}
})();
