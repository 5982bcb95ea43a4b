// Keeps the messages of one person's conversations as the JavaScript library brings them, loses the
// connection, and comes back from the last number it has. Speaks to the test in lines of JSON.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [url, modules, auth] = process.argv.slice(2);
const { io } = createRequire(`${modules}/`)("socket.io-client");

const since = {};
const tell = (what, more = {}) => console.log(JSON.stringify({ what, ...more }));

const socket = io(`${url}/chat`, {
  auth: (send) => send({ ...JSON.parse(auth), since }),
  transports: ["websocket"],
  reconnectionDelay: 10,
  reconnectionDelayMax: 50,
});

const keep = (name) => (message) => {
  const last = since[message.conversation_id] ?? 0;
  if (message.seq !== last + 1) throw new Error(`${message.seq} came after ${last}`);
  since[message.conversation_id] = message.seq;
  tell(name, { seq: message.seq, body: message.body });
};

socket.on("chat:message", keep("message"));
socket.on("chat:echo", keep("echo"));
socket.on("chat:typing", (typing) => tell("typing", typing));
socket.on("connect", () => tell("connected"));

for await (const line of createInterface({ input: process.stdin })) {
  const { do: deed, event, payload } = JSON.parse(line);
  if (deed === "lose") socket.io.engine.close();
  if (deed === "emit") {
    socket.emit(event, payload, (answer) => {
      if (answer.message) since[answer.message.conversation_id] = answer.message.seq;
      tell("answer", { answer });
    });
  }
}
