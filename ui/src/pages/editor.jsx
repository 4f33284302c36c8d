// The catalogue's editor: a course's title, staff and items, their order and what each of them asks.
import { h, Component } from 'preact';
import { get, write } from '../api.js';
import { parseCsv } from '../csv.js';
import { title } from '../page.js';
import { Dialog, Head, Name, Pager, Trouble, say, titleOf } from '../parts.jsx';
import { go, here, to } from '../route.js';
import { sliceOf } from '../slice.js';
import { t } from '../words.js';

const PAGE = 50;
const TYPES = ['video', 'lab', 'game', 'document', 'quiz', 'assessment', 'other'];
const ROLES = ['INSTRUCTOR', 'OWNER'];

const numberOrNull = (text) => (text === '' || text == null ? undefined : Number(text));

/** An item as the form holds it, all texts; and back as the contract has it. */
const toForm = (one) => ({
  id: String(one.id ?? ''), title: one.title ?? '', type: one.type ?? '', section: one.section ?? '',
  durationSeconds: one.durationSeconds == null ? '' : String(one.durationSeconds), required: !(one.required === false || /^(false|no|0)$/i.test(String(one.required ?? ''))),
  threshold: one.threshold == null ? '' : String(one.threshold),
});
const fromForm = (one) => ({
  id: one.id.trim(), ...(one.title && { title: one.title }), ...(one.type && { type: one.type }), ...(one.section && { section: one.section }),
  durationSeconds: numberOrNull(one.durationSeconds), required: one.required, threshold: numberOrNull(one.threshold),
});

/** A whole course, a list of items, or a table of them with a first row of names. */
export function readImport(text) {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed)) {
    const told = JSON.parse(trimmed);
    if (Array.isArray(told)) return { contents: told };
    if (!Array.isArray(told.contents)) throw new Error(t('importNoContents'));
    return told;
  }
  const [names, ...rows] = parseCsv(trimmed);
  const wanted = (names ?? []).map((name) => name.trim());
  if (!wanted.includes('id')) throw new Error(t('importNoId'));
  return { contents: rows.map((row) => Object.fromEntries(wanted.map((name, i) => [name, row[i] === '' ? undefined : row[i]]))) };
}

export class Editor extends Component {
  constructor(props) {
    super(props);
    this.state = { course: null, problem: null, saved: false, page: 1, ask: null, busy: false };
    title(props.courseId == null ? t('newCourse') : t('edit'));
  }

  async componentDidMount() {
    const { courseId } = this.props;
    if (courseId == null) return this.setState({ course: { id: '', title: '', description: '', staff: [], contents: [toForm({})] } });
    try {
      const course = await get(`api/v1/catalog/courses/${encodeURIComponent(courseId)}`);
      this.setState({ course: { ...course, title: course.title ?? '', description: course.description ?? '', staff: course.staff ?? [], contents: course.contents.map(toForm) } });
      title(t('editCourse', { course: titleOf(course.title, courseId) }));
    } catch (problem) {
      this.setState({ problem });
    }
  }

  change(changes) {
    this.setState(({ course }) => ({ course: { ...course, ...changes }, saved: false }));
  }
  changeItem(at, changes) {
    this.change({ contents: this.state.course.contents.map((one, i) => (i === at ? { ...one, ...changes } : one)) });
  }
  move(at, by) {
    const contents = [...this.state.course.contents];
    const [one] = contents.splice(at, 1);
    contents.splice(at + by, 0, one);
    this.change({ contents });
    say(t('movedTo', { item: titleOf(one.title, one.id), place: at + by + 1 }));
    // The button moves with its row; the focus with it.
    setTimeout(() => this.form?.querySelector(`[data-move="${at + by}-${by}"]:not([disabled]), [data-move^="${at + by}-"]:not([disabled])`)?.focus());
  }

  async save(event) {
    event.preventDefault();
    const { course } = this.state;
    const id = course.id.trim();
    this.setState({ problem: null, busy: true });
    try {
      await write('PUT', `api/v1/catalog/courses/${encodeURIComponent(id)}`, {
        title: course.title, description: course.description || undefined, staff: course.staff.filter(({ userId }) => String(userId).trim()), contents: course.contents.filter((one) => one.id.trim()).map(fromForm),
      });
      this.setState({ saved: true, busy: false });
      say(t('courseSaved'));
      if (this.props.courseId == null) go(to(['edit', id]));
    } catch (problem) {
      this.setState({ problem, busy: false });
    }
  }

  take(text) {
    const told = readImport(text);
    this.change({ ...(told.title && { title: told.title }), ...(told.description && { description: told.description }), ...(Array.isArray(told.staff) && { staff: told.staff }), contents: told.contents.map(toForm) });
    this.setState({ page: 1 });
    say(t('imported', { n: told.contents.length }));
  }

  dialogs() {
    const { ask, course } = this.state;
    const close = () => this.setState({ ask: null });
    if (ask === 'import')
      return (
        <Dialog title={t('import')} yes={t('import')} onClose={close} onYes={async ({ file, text }) => this.take(file.size ? await file.text() : text)}>
          <p class="mu">{t('importText')}</p>
          <label class="field"><span>{t('file')}</span><input type="file" name="file" accept=".json,.csv,application/json,text/csv" /></label>
          <label class="field"><span>{t('orPaste')}</span><textarea name="text" class="code" rows="8" spellcheck={false} /></label>
        </Dialog>
      );
    if (ask === 'delete')
      return (
        <Dialog title={t('deleteCourse')} danger confirm={course.id} yes={t('delete')} onClose={close} onYes={async () => {
          await write('DELETE', `api/v1/catalog/courses/${encodeURIComponent(course.id)}`);
          say(t('courseDeleted'));
          go('#/courses');
        }}><p>{t('deleteCourseText', { course: titleOf(course.title, course.id) })}</p></Dialog>
      );
    return null;
  }

  row(one, at, count) {
    const name = titleOf(one.title, one.id || at + 1);
    const field = (key, label, more = {}) => <input class="inp" aria-label={t('fieldOf', { field: label, item: name })} value={one[key]} onInput={(event) => this.changeItem(at, { [key]: event.target.value })} {...more} />;
    return (
      <tr key={at} data-row={at}>
        <td data-label={t('id')}>{field('id', t('id'), { class: 'inp narrow', required: true })}</td>
        <td data-label={t('title')}>{field('title', t('title'))}</td>
        <td data-label={t('type')}>{field('type', t('type'), { list: 'types', class: 'inp narrow' })}</td>
        <td data-label={t('section')}>{field('section', t('section'), { class: 'inp narrow' })}</td>
        <td data-label={t('durationSeconds')}>{field('durationSeconds', t('durationSeconds'), { inputmode: 'decimal', class: 'inp tiny' })}</td>
        <td data-label={t('threshold')}>{field('threshold', t('threshold'), { inputmode: 'decimal', class: 'inp tiny', placeholder: '95' })}</td>
        <td data-label={t('required')}><input type="checkbox" aria-label={t('fieldOf', { field: t('required'), item: name })} checked={one.required} onChange={(event) => this.changeItem(at, { required: event.target.checked })} /></td>
        <td class="n"><span class="acts">
          <button type="button" class="btn" data-move={`${at}--1`} disabled={at === 0} aria-label={t('moveUp', { item: name })} onClick={() => this.move(at, -1)}>↑</button>
          <button type="button" class="btn" data-move={`${at}-1`} disabled={at === count - 1} aria-label={t('moveDown', { item: name })} onClick={() => this.move(at, 1)}>↓</button>
          <button type="button" class="btn" aria-label={t('removeItem', { item: name })} onClick={() => this.change({ contents: this.state.course.contents.filter((other, i) => i !== at) })}>×</button>
        </span></td>
      </tr>
    );
  }

  render({ courseId }, { course, problem, saved, page, busy }) {
    const { query } = here();
    const crumbs = courseId == null ? [[t('courses'), '#/courses']] : [[t('courses'), '#/courses'], [titleOf(course?.title, courseId), to(['courses', courseId])]];
    if (!course) return <div class="stackable" aria-busy={problem ? 'false' : 'true'}><Head title={t('edit')} crumbs={crumbs} />{problem ? <Trouble problem={problem} /> : null}</div>;
    const { rows, pagination } = sliceOf(course.contents, query.page ?? page, PAGE);
    const first = course.contents.indexOf(rows[0]);
    return (
      <div class="stackable">
        <Head title={courseId == null ? t('newCourse') : t('editCourse', { course: titleOf(course.title, courseId) })} crumbs={crumbs}>
          <button type="button" class="btn" onClick={() => this.setState({ ask: 'import' })}>{t('import')}</button>
          {courseId == null ? null : <button type="button" class="btn danger" onClick={() => this.setState({ ask: 'delete' })}>{t('deleteCourse')}</button>}
        </Head>
        {course.declared === false ? <p class="note">{t('observedNote')}</p> : null}
        <form class="stackable" onSubmit={(event) => this.save(event)} ref={(form) => (this.form = form)}>
          <section class="card fields">
            {courseId == null ? <label class="field"><span>{t('id')}</span><input class="inp" required maxLength={128} value={course.id} onInput={(event) => this.change({ id: event.target.value })} /></label> : null}
            <label class="field"><span>{t('title')}</span><input class="inp" value={course.title} onInput={(event) => this.change({ title: event.target.value })} /></label>
            <label class="field"><span>{t('description')}</span><textarea rows="2" value={course.description} onInput={(event) => this.change({ description: event.target.value })} /></label>
            <fieldset>
              <legend>{t('staff')}</legend>
              {course.staff.map((one, at) => (
                <div class="tools" key={at}>
                  <input class="inp" aria-label={t('userId')} value={one.userId} onInput={(event) => this.change({ staff: course.staff.map((other, i) => (i === at ? { ...other, userId: event.target.value } : other)) })} />
                  <select aria-label={t('roleWord')} value={one.role} onChange={(event) => this.change({ staff: course.staff.map((other, i) => (i === at ? { ...other, role: event.target.value } : other)) })}>
                    {ROLES.map((role) => <option key={role} value={role} selected={role === one.role}>{t(`role.${role}`)}</option>)}
                  </select>
                  <button type="button" class="btn" aria-label={t('removeStaff', { user: one.userId })} onClick={() => this.change({ staff: course.staff.filter((other, i) => i !== at) })}>×</button>
                </div>
              ))}
              <button type="button" class="btn" onClick={() => this.change({ staff: [...course.staff, { userId: '', role: ROLES[0] }] })}>{t('addStaff')}</button>
            </fieldset>
          </section>
          <section class="card">
            <div class="scroll wide" tabIndex="0" role="region" aria-label={t('items')}>
              <table class="edit">
                <caption>{t('items')}</caption>
                <thead><tr>{[t('id'), t('title'), t('type'), t('section'), t('durationSeconds'), t('threshold'), t('required')].map((name) => <th key={name} scope="col">{name}</th>)}<th scope="col"><span class="vh">{t('actions')}</span></th></tr></thead>
                <tbody>{rows.map((one, i) => this.row(one, first + i, course.contents.length))}</tbody>
              </table>
            </div>
            <datalist id="types">{TYPES.map((type) => <option key={type} value={type} />)}</datalist>
            {pagination.totalPages > 1 ? <Pager of={pagination} what={t('items')} /> : null}
            <button type="button" class="btn" onClick={() => this.change({ contents: [...course.contents, toForm({})] })}>{t('addItem')}</button>
          </section>
          {problem ? <Trouble problem={problem} /> : null}
          {saved ? <p class="note ok">{t('courseSaved')}</p> : null}
          <div><button class="btn p" disabled={busy}>{t('save')}</button></div>
        </form>
        {this.dialogs()}
      </div>
    );
  }
}
