// Counts every byte that JavaScript and the Worker's wasm copy from each other. To be imported before the
// Worker.
//
// JavaScript reaches the memory of wasm by views of its buffer. This module gives out a token in place of
// the buffer. Only a view can be made of the token, and the view counts.

let bytes = 0;
/** The size of a number in a call. */
const NUMBER_BYTES = 8;

/** How many bytes have been written, read or exposed so far, in both directions. */
export const copiedBytes = () => bytes;

/** The token of each buffer, and the buffer of each token. @type {WeakMap<object, object>} */
const tokens = new WeakMap();
/** @type {WeakMap<object, ArrayBuffer>} */
const buffers = new WeakMap();

/** @param {ArrayBuffer} buffer */
function tokenOf(buffer) {
  let token = tokens.get(buffer);
  if (!token) {
    token = { get detached() { return /** @type {any} */ (buffer).detached; } };
    tokens.set(buffer, token);
    buffers.set(token, buffer);
  }
  return token;
}

/** @param {any} view of wasm's memory */
function counting(view) {
  return new Proxy(view, {
    get(_, name) {
      if (name === 'buffer') return tokenOf(view.buffer);
      const value = Reflect.get(view, name, view);
      if (typeof value === 'function') return (...given) => call(view, `${String(name)}`, given);
      if (name !== 'length' && name !== 'byteLength') bytes += NUMBER_BYTES;
      return value;
    },
    set(_, name, value) {
      bytes += view.BYTES_PER_ELEMENT;
      return Reflect.set(view, name, value, view);
    },
  });
}

/** @param {any} view @param {string} name @param {any[]} given */
function call(view, name, given) {
  const result = view[name](...given);
  if (name === 'set') bytes += given[0].length * view.BYTES_PER_ELEMENT;
  else if (name === 'subarray' || name === 'slice') bytes += result.byteLength;
  else if (/^[gs]et[A-Z]/.test(name)) bytes += NUMBER_BYTES;
  // An unknown method may have read everything.
  else bytes += view.byteLength;
  return result;
}

for (const name of ['DataView', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array',
  'Int32Array', 'Uint32Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array']) {
  globalThis[name] = new Proxy(globalThis[name], {
    construct(View, given, target) {
      const [first, ...rest] = given;
      const buffer = buffers.get(first) ?? (tokens.has(first) ? first : undefined);
      if (buffer) return counting(new View(buffer, ...rest));
      return Reflect.construct(View, given, target);
    },
  });
}

/** @param {Record<string, any>} functions of which some are none */
function metered(functions) {
  const wrap = (value) => typeof value !== 'function' ? value : (...given) => {
    bytes += NUMBER_BYTES * (given.length + 1);
    return value(...given);
  };
  return Object.fromEntries(Object.entries(functions).map(([name, value]) => [name, wrap(value)]));
}

WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(Instance, [module, imports]) {
    const wrapped = Object.entries(imports ?? {}).map(([name, namespace]) => [name, metered(namespace)]);
    const { exports } = new Instance(module, Object.fromEntries(wrapped));
    const memory = /** @type {WebAssembly.Memory} */ (exports.memory);
    return { exports: { ...metered(exports), memory: { get buffer() { return tokenOf(memory.buffer); } } } };
  },
});
