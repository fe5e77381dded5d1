// Between a Worker and its wasm: counts every byte that one may have of the other.
//
// JavaScript reaches the memory of wasm by views of its buffer. What it gets here for that buffer
// is none, so that nothing but a view can be made of it; and the view is one that counts. To be
// imported before the Worker is.

let bytes = 0;
/** What a number in a call has at most. */
const NUMBER_BYTES = 8;

/** How many bytes have been written, read, or laid open so far, in both directions. */
export const copiedBytes = () => bytes;

/** What stands for each buffer, and the buffers. @type {WeakMap<object, object>} */
const signs = new WeakMap();
/** @type {WeakMap<object, ArrayBuffer>} */
const buffers = new WeakMap();

/** @param {ArrayBuffer} buffer */
function signOf(buffer) {
  let sign = signs.get(buffer);
  if (!sign) {
    sign = { get detached() { return /** @type {any} */ (buffer).detached; } };
    signs.set(buffer, sign);
    buffers.set(sign, buffer);
  }
  return sign;
}

/** @param {any} view of wasm's memory */
function counting(view) {
  return new Proxy(view, {
    get(_, name) {
      if (name === 'buffer') return signOf(view.buffer);
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
  // What is not known here may have seen everything.
  else bytes += view.byteLength;
  return result;
}

for (const name of ['DataView', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array',
  'Int32Array', 'Uint32Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array']) {
  globalThis[name] = new Proxy(globalThis[name], {
    construct(View, given, target) {
      const [first, ...rest] = given;
      const buffer = buffers.get(first) ?? (signs.has(first) ? first : undefined);
      if (buffer) return counting(new View(buffer, ...rest));
      return Reflect.construct(View, given, target);
    },
  });
}

/** @param {Record<string, any>} functions of which some are none */
function counted(functions) {
  const wrap = (value) => typeof value !== 'function' ? value : (...given) => {
    bytes += NUMBER_BYTES * (given.length + 1);
    return value(...given);
  };
  return Object.fromEntries(Object.entries(functions).map(([name, value]) => [name, wrap(value)]));
}

WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(Instance, [module, imports]) {
    const wrapped = Object.entries(imports ?? {}).map(([name, room]) => [name, counted(room)]);
    const { exports } = new Instance(module, Object.fromEntries(wrapped));
    const memory = /** @type {WebAssembly.Memory} */ (exports.memory);
    return { exports: { ...counted(exports), memory: { get buffer() { return signOf(memory.buffer); } } } };
  },
});
