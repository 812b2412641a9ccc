/** The label that the kernel keeps of a namespace while it has no supervisor: its name, if it was given one, and its command. */
export interface NamespaceLabel {
  readonly name: string | undefined;
  /** For display, on one line. */
  readonly command: string;
}

/** Of what a process began for itself: the kernel's table says no name of a stranger's, since no other agent takes it over by that. */
export const BEGUN_LABEL = "begun:\n";

export function writeLabel({ name, command }: NamespaceLabel): string {
  return `${name ?? ""}\n${command}`;
}

export function readLabel(text: string): NamespaceLabel {
  const [name = "", command = ""] = text.split("\n");
  return { name: name === "" ? undefined : name, command };
}
