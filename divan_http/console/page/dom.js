/** Elements without a framework. What comes from people is only ever set as text. */

/** An element; attributes that begin with "on" are listeners, absent ones are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...kept(children));
  return element;
}

/** Put children in place of those that are there. */
export function fill(element, ...children) {
  element.replaceChildren(...kept(children));
  return element;
}

/** An element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...kept(children));
  return element;
}

let counted = 0;

/** An id that nothing else on the page has. */
export function newId(word) {
  counted += 1;
  return `${word}-${counted}`;
}

function set(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "value") element.value = value;
  else element.setAttribute(name, value === true ? "" : value);
}

function kept(children) {
  return children
    .flat(Infinity)
    .filter((one) => one !== null && one !== undefined && one !== false);
}
