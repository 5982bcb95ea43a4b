// Keeps a list of who is near as it changes, and prints it: URL, a token, and how often to print.
//
//   npm install socket.io-client && node live.mjs http://127.0.0.1:8000 TOKEN 3

import { createRequire } from "node:module";
import { cwd } from "node:process";

const { io } = createRequire(`${cwd()}/`)("socket.io-client");
const [url, token, times] = process.argv.slice(2);

const people = new Map(); // by user_id
let seq = 0;
let left = Number(times);

const socket = io(`${url}/presence`, { auth: { token }, transports: ["websocket"] });

function show(to) {
  seq = to;
  const names = [...people.values()].map((one) => one.handle).sort();
  console.log(seq, JSON.stringify(names));
  left -= 1;
  if (left === 0) socket.close();
}

function whole({ seq, items }) {
  people.clear();
  for (const one of items) people.set(one.user_id, one);
  show(seq);
}

socket.on("nearby:resync", whole);

socket.on("nearby:update", (told) => {
  if (told.seq <= seq) return; // it was in the whole list already
  for (const id of told.removed) people.delete(id);
  for (const one of [...told.added, ...told.updated]) people.set(one.user_id, one);
  show(told.seq);
});

// Again after every loss: with the last number, to miss nothing.
socket.on("connect", () => {
  const wish = seq ? { radius_m: 50, since_seq: seq } : { radius_m: 50 };
  socket.emit("nearby:subscribe", wish, (answer) => {
    if (answer.ok) return whole(answer);
    console.error(answer.error.detail);
    socket.close();
  });
});

socket.on("connect_error", (error) => {
  console.error(error.message);
  if (!socket.active) process.exitCode = 1;
});
