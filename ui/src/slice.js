// A page of a list that is held whole: places in the list, no figures of an answer.
export function sliceOf(list, asked, limit) {
  const totalPages = Math.max(1, Math.ceil(list.length / limit));
  const page = Math.min(Math.max(1, Math.floor(Number(asked)) || 1), totalPages);
  return { rows: list.slice((page - 1) * limit, page * limit), pagination: { page, total: list.length, totalPages, hasMore: page < totalPages } };
}
