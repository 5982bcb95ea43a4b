// Hears what happens to one person as the JavaScript library brings it, loses the connection, and
// subscribes again. Speaks to the test in lines of JSON.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [url, modules, auth] = process.argv.slice(2);
const { io } = createRequire(`${modules}/`)("socket.io-client");

const tell = (what, more = {}) => console.log(JSON.stringify({ what, ...more }));

const socket = io(`${url}/social`, {
  auth: JSON.parse(auth),
  transports: ["websocket"],
  reconnectionDelay: 10,
  reconnectionDelayMax: 50,
});

for (const name of ["invite:new", "invite:update", "friend:update", "social:reload"]) {
  socket.on(name, (told) => tell(name, told));
}

socket.on("connect", () => {
  tell("connected");
  socket.emit("subscribe:self", {}, (answer) => tell("subscribed", { answer }));
});

for await (const line of createInterface({ input: process.stdin })) {
  const { do: deed, event, payload } = JSON.parse(line);
  if (deed === "lose") socket.io.engine.close();
  if (deed === "emit") socket.emit(event, payload, (answer) => tell("answer", { answer }));
}
