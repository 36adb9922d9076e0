/** The part of lit-html that the page uses. */
export declare const nothing: unique symbol;
export declare function html(strings: TemplateStringsArray, ...values: unknown[]): unknown;
export declare function render(template: unknown, into: HTMLElement): void;
