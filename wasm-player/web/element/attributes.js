// The attributes of <firstframe-video> that are properties too.

/** @param {string} api */
export const originOf = (api) => new URL(api, document.baseURI).origin;

export class AttributesElement extends HTMLElement {
  get src() {
    const src = this.getAttribute("src");
    return src ? new URL(src, document.baseURI).href : "";
  }

  set src(value) {
    this.setAttribute("src", value);
  }

  get episode() {
    return this.getAttribute("episode") ?? "";
  }

  set episode(value) {
    this.setAttribute("episode", value);
  }

  get headers() {
    const headers = this.getAttribute("headers");
    return headers ? new URL(headers, document.baseURI).href : "";
  }

  set headers(value) {
    this.setAttribute("headers", value);
  }

  get next() {
    return this.getAttribute("next") ?? "";
  }

  set next(value) {
    this.setAttribute("next", value);
  }

  get api() {
    return originOf(this.getAttribute("api") ?? "/");
  }

  set api(value) {
    this.setAttribute("api", value);
  }

  get start() {
    return Math.max(0, Number(this.getAttribute("start")) || 0);
  }

  set start(value) {
    this.setAttribute("start", `${value}`);
  }
}
