/**
 * Two prompts of about 64 and 400 tokens under the storyteller's tokenizer, cut from one text of our
 * own so that both ask for the same kind of continuation.
 */
const TEXT = `Words: boat, lamp, brave
Mina lived in a small house by the sea with her grandmother. Every evening her grandmother lit a lamp in the window, so that the boats could find the harbour. One night the wind was strong and the lamp went out. "The oil is gone," said her grandmother. "And the shop is closed."
Mina looked at the dark water. Far away she saw a small light, going up and down. It was her uncle's boat. He could not see the harbour, and there were rocks on both sides. Mina put on her coat and her big boots. She took the lantern from the kitchen and ran down to the beach.
The sand was wet and the wind pushed her back, but she did not stop. She climbed up on the old wall at the end of the harbour and held the lantern as high as she could. Her arms hurt. The rain ran down her face. She counted to ten, and then to ten again. The small light on the water turned, and came a little nearer.
"Here!" called Mina. "Come this way!" She moved the lantern from side to side. The boat came between the rocks, slowly, slowly, and then it was in the quiet water behind the wall. Her uncle threw a rope and jumped out. He was as wet as a fish. "Who held the light?" he asked. Mina was so cold that she could not speak. She only lifted the lantern once more.
Her uncle laughed, and put his dry hat on her head, and carried her home. Her grandmother had made hot soup. They sat by the fire and`;

/** The text's beginning with about this many tokens, at 3.9 characters a token. */
export function promptOf(tokens: number): string {
	const cut = TEXT.slice(0, Math.round(tokens * 3.9));
	return cut.slice(0, cut.lastIndexOf(' '));
}
