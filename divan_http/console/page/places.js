/** Where in a JSON text something stands that a path like `$.rules[2].when.any[0]` names. */

/** The beginning and end of it; of the nearest thing around it where it is not there. */
export function placeOf(text, path) {
  let node;
  try {
    node = new Reader(text).value();
  } catch {
    return null; // it is no JSON
  }
  let rest = path.replace(/^\$/, "");
  while (rest) {
    const [child, step] = stepped(node, rest);
    if (!child) break;
    node = child;
    rest = rest.slice(step);
  }
  return { start: node.start, end: node.end };
}

/** The child that a path leads to first, and how much of the path that is; names may hold dots. */
function stepped(node, rest) {
  const index = /^\[(\d+)\]/.exec(rest);
  if (index) return [node.items?.[Number(index[1])], index[0].length];
  const names = Object.keys(node.members || {}).filter((name) => {
    const after = rest.slice(name.length + 1);
    return rest.startsWith(`.${name}`) && (!after || after[0] === "." || after[0] === "[");
  });
  const longest = names.sort((one, other) => other.length - one.length)[0];
  return longest === undefined ? [null, 0] : [node.members[longest], longest.length + 1];
}

/** Reads JSON into nodes that know their place. */
class Reader {
  #text;
  #at = 0;

  constructor(text) {
    this.#text = text;
  }

  value() {
    this.#skip();
    const start = this.#at;
    const letter = this.#text[start];
    const inside =
      letter === "{"
        ? { members: this.#members() }
        : letter === "["
          ? { items: this.#items() }
          : {};
    if (!inside.members && !inside.items) this.#scalar();
    return { ...inside, start, end: this.#at };
  }

  #members() {
    const members = Object.create(null);
    this.#each("}", () => {
      this.#skip();
      const name = JSON.parse(this.#string());
      this.#skip();
      this.#at += 1; // the colon
      members[name] = this.value();
    });
    return members;
  }

  #items() {
    const items = [];
    this.#each("]", () => items.push(this.value()));
    return items;
  }

  #each(end, read) {
    this.#at += 1;
    this.#skip();
    while (this.#text[this.#at] !== end) {
      if (this.#at >= this.#text.length) throw new SyntaxError("The text ended.");
      read();
      this.#skip();
      if (this.#text[this.#at] === ",") this.#at += 1;
      this.#skip();
    }
    this.#at += 1;
  }

  #string() {
    const found = /"(?:[^"\\]|\\.)*"/y;
    found.lastIndex = this.#at;
    const [text] = found.exec(this.#text) || [];
    if (text === undefined) throw new SyntaxError("A text was expected.");
    this.#at = found.lastIndex;
    return text;
  }

  #scalar() {
    if (this.#text[this.#at] === '"') {
      this.#string();
      return;
    }
    const found = /[^\s,\]}]+/y;
    found.lastIndex = this.#at;
    if (!found.exec(this.#text)) throw new SyntaxError("A value was expected.");
    this.#at = found.lastIndex;
  }

  #skip() {
    while (/\s/.test(this.#text[this.#at] || "")) this.#at += 1;
  }
}
