// Connects as the JavaScript library does, follows a live list, loses the connection and resumes.
// Speaks to the test in lines of JSON: what it knows on standard output, what to do on standard
// input.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [url, modules, auth, transports] = process.argv.slice(2);
const { io } = createRequire(`${modules}/`)("socket.io-client");

const people = new Map();
let seq = null;
let radius = null;

const socket = io(`${url}/presence`, {
  auth: JSON.parse(auth),
  transports: transports.split(","),
  reconnectionDelay: 10,
  reconnectionDelayMax: 50,
});

const tell = (what, more = {}) => console.log(JSON.stringify({ what, ...more }));

const known = () => ({ seq, people: Object.fromEntries(people) });

const replace = (whole) => {
  people.clear();
  for (const item of whole.items) people.set(item.user_id, item);
  seq = whole.seq;
};

socket.on("nearby:update", (update) => {
  if (update.seq <= seq) return;
  if (update.seq !== seq + 1) throw new Error("an update is missing");
  for (const id of update.removed) people.delete(id);
  for (const item of [...update.added, ...update.updated]) people.set(item.user_id, item);
  seq = update.seq;
  tell("update", known());
});

socket.on("nearby:resync", (whole) => {
  replace(whole);
  tell("resync", known());
});

socket.on("presence:ack", (ack) => tell("ack", ack));
socket.on("connect_error", (error) => tell("refused", { message: error.message, data: error.data }));
socket.on("disconnect", (reason) => tell("disconnected", { reason }));

const subscribe = () =>
  socket.emit("nearby:subscribe", { radius_m: radius, since_seq: seq }, (answer) => {
    if (answer.ok) replace(answer);
    tell("subscribed", { answer, ...known() });
  });

socket.on("connect", () => {
  tell("connected", { transport: socket.io.engine.transport.name });
  if (radius !== null) subscribe();
});

const deeds = {
  subscribe(command) {
    radius = command.radius_m;
    subscribe();
  },
  emit(command) {
    socket.emit(command.event, ...command.payload, (answer) => tell("answer", { answer }));
  },
  binary() {
    socket.emit("presence:heartbeat", new Uint8Array([1, 2]), (answer) => tell("answer", { answer }));
  },
  lose() {
    socket.io.engine.close();
  },
  quit() {
    socket.disconnect();
    process.exit(0);
  },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line);
  deeds[command.do](command);
});
