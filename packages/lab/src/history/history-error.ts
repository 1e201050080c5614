// What is wrong with one line of a trace. Whoever reads the file adds its name and the line's number.

export class HistoryError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "HistoryError";
  }
}
