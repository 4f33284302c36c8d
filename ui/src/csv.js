/** The rows of a CSV (RFC 4180): quotes, commas and line breaks within them; a semicolon where the first row has no comma. */
export function parseCsv(text) {
  const between = /^[^\n]*,/.test(text) ? ',' : ';';
  const rows = [[]];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === between || letter === '\n') {
      rows[rows.length - 1].push(cell);
      cell = '';
      if (letter === '\n') rows.push([]);
    } else if (letter !== '\r') cell += letter;
  }
  rows[rows.length - 1].push(cell);
  return rows.filter((row) => row.length > 1 || row[0] !== '');
}
