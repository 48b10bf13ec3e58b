/**
 * The HTML and script that a page needs to embed the writer and talk to it.
 * @param studio absolute URL of the studio's root, with a trailing slash
 */
export function embedSnippet(studio: string): string {
	return `<iframe id="writer" src="${studio}embed/" title="Vitrine writer"
  allow="cross-origin-isolated" width="100%" height="640"></iframe>

<script type="module">
  import { connect, WindowMessenger } from 'penpal'; // npm install penpal

  const connection = connect({
    messenger: new WindowMessenger({
      remoteWindow: document.querySelector('#writer').contentWindow,
      allowedOrigins: ['${new URL(studio).origin}']
    }),
    methods: {
      ready: ({ version }) => console.log('writer ready, protocol', version),
      token: ({ text, logprob }) => console.log(text, Math.exp(logprob)),
      result: ({ text }) => console.log('done:', text),
      error: ({ message, hint }) => console.warn(message, hint)
    }
  });

  const writer = await connection.promise;
  const { text } = await writer.generate({ prompt: 'Once upon a time', maxTokens: 60, seed: 7 });
</script>`;
}
