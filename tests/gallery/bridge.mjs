// Stands where the app would stand: answers the page's commands from what a scene says. Runs inside the page, before
// anything else there; the page can't tell the difference, and reads every answer with its real types.

export function bridge({ label, replies, now }) {
  // The page lives at the scene's time, however long the pictures before it took.
  const real = Date.now.bind(Date);
  const shift = real() - now;
  Date.now = () => real() - shift;
  const asked = [];
  const reply = (command, filter) => {
    const narrowed = filter && (filter.text || filter.verdicts?.length) ? replies[`${command}?`] : undefined;
    return narrowed ?? replies[command];
  };
  window.__TAURI_INTERNALS__ = {
    metadata: { currentWindow: { label } },
    transformCallback: () => 1,
    invoke: async (command, args) => {
      asked.push(command);
      if (command === "plugin:event|listen") {
        if (replies.deaf) throw replies.deaf;
        return 1;
      }
      const answer = reply(command, args?.command?.filter);
      if (answer === undefined) throw { code: "internal", message: `The scene has no answer to ${command}.` };
      if (answer && answer.fault_of_scene) throw answer.fault_of_scene;
      return structuredClone(answer);
    },
  };
  window.__asked = asked;
}
