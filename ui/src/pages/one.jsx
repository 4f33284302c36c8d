// One learner in one course: what did they do, what is missing? For the learner, and for the staff with what they may do.
import { h, Component } from 'preact';
import { courseApi, write } from '../api.js';
import { Watched } from '../charts.jsx';
import { Following, Marks } from '../following.jsx';
import * as format from '../format.js';
import { History } from '../history.jsx';
import { title } from '../page.js';
import { Ask, Card, Dialog, Empty, Figures, Head, Name, Pager, SaveButton, State, Table, Trouble, readAgain, say, stateOf, titleOf, typeName } from '../parts.jsx';
import { go, here, to, withQuery } from '../route.js';
import { sliceOf } from '../slice.js';
import { has as is, who } from '../who.js';
import { t } from '../words.js';

const PAGE = 20;
const FILTERS = ['IN_PROGRESS', 'COMPLETED', 'NOT_STARTED', 'LOCKED'];

export class OneLearner extends Component {
  constructor(props) {
    super(props);
    this.state = { ask: null, problem: null };
    this.marks = new Marks(this);
    title(props.own ? props.courseId : t('learnerTitle', { id: props.userId }));
  }
  componentWillUnmount() {
    this.marks.clear();
  }

  api() {
    const { courseId, userId } = this.props;
    return `${courseApi(courseId)}/learners/${encodeURIComponent(userId)}`;
  }

  told(message) {
    if (message.videoId != null) this.marks.add(String(message.videoId));
    say(t('changedItem', { item: message.videoId ?? t('course') }));
    readAgain();
  }

  // The staff's own actions; what is shown afterwards is what the server answers.
  async act(action, body, done) {
    await write('POST', `${this.api()}/${action}`, body);
    say(done);
    readAgain();
  }
  try(action, body, done) {
    this.setState({ problem: null });
    this.act(action, body, done).catch((problem) => this.setState({ problem }));
  }
  lock(contentId, progressStatus) {
    this.try('update', { courseContentId: contentId, progressStatus }, t(progressStatus === 'LOCKED' ? 'locked' : 'unlocked'));
  }

  dialogs() {
    const { userId } = this.props;
    const { ask } = this.state;
    if (!ask) return null;
    const close = () => this.setState({ ask: null });
    if (ask.kind === 'certify')
      return (
        <Dialog title={t('certify')} yes={t('certify')} onClose={close} onYes={({ address }) => this.act('certify', { certificateUrl: address }, t('certified'))}>
          <p>{t('certifyText', { learner: userId, course: ask.course })}</p>
          <label class="field"><span>{t('certificateAddress')}</span><input class="inp" type="url" name="address" required pattern="https://.*" placeholder="https://" /></label>
        </Dialog>
      );
    return (
      <Dialog title={t(ask.item ? 'resetItem' : 'resetCourse')} danger yes={t('reset')} onClose={close}
        onYes={() => this.act('reset', ask.item ? { courseContentId: ask.item.id } : {}, t('resetDone'))}>
        <p>{ask.item ? t('resetItemText', { item: titleOf(ask.item.title, ask.item.id), learner: userId, course: ask.course }) : t('resetCourseText', { learner: userId, course: ask.course })}</p>
      </Dialog>
    );
  }

  /** What the learner has a record of, and what the course has besides: what is required and open comes first. */
  rows(records, contents) {
    const byId = new Map(records.map((record) => [String(record.contentId.id), record]));
    const row = (id, name, type, section, required) => {
      const record = byId.get(id);
      byId.delete(id);
      return { id, title: name, type, section, required, state: record ? stateOf(record.status, record.locked) : 'NOT_STARTED', record };
    };
    const listed = (contents ?? []).map((one) => row(String(one.id), one.title, one.type, one.section, one.required !== false));
    const others = [...byId.values()].map(({ contentId }) => row(String(contentId.id), contentId.title, contentId.type, contentId.section, null));
    const rank = ({ required, state }) => (state === 'COMPLETED' ? 3 : required && state === 'NOT_STARTED' ? 0 : state === 'IN_PROGRESS' ? 1 : state === 'LOCKED' ? 1 : 2);
    return [...listed, ...others].sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
  }

  items({ progress }, contents, query, name) {
    const { courseId, userId, own } = this.props;
    const all = this.rows(progress, contents).filter(({ state }) => !query.state || state === query.state);
    const { rows, pagination } = sliceOf(all, query.page, PAGE);
    return (
      <section class="card">
        <div class="hd cardhd">
          <h2>{t('items')}</h2>
          <div class="filters">
            <a class="btn" href={withQuery({ state: null, page: null })} aria-current={query.state ? undefined : 'true'}>{t('all')}</a>
            {FILTERS.map((state) => <a class="btn" key={state} href={withQuery({ state, page: null })} aria-current={query.state === state ? 'true' : undefined}>{t(`state.${state}`)}</a>)}
          </div>
          <div class="r"><SaveButton path={`${this.api()}/activities`} name={`course-${courseId}-learner-${userId}.csv`} label={t('csv')} /></div>
        </div>
        {this.state.problem ? <Trouble problem={this.state.problem} /> : null}
        {rows.length ? (
          <Table caption={t('items')} hideCaption rows={rows} rowKey={({ id }) => id} changed={this.marks.keys} columns={[
            { key: 'item', label: t('item'), head: true, cell: (one) => <span>{one.record ? <a href={withQuery({ item: one.id })}><Name of={titleOf(one.title, one.id)} /></a> : <Name of={titleOf(one.title, one.id)} />}{one.required ? <span class="mu sm"> {t('required')}</span> : null}</span> },
            { key: 'type', label: t('type'), opt: true, cell: ({ type, section }) => <span class="mu kind"><Name of={typeName(type)} />{section ? <span>, <Name of={section} /></span> : null}</span> },
            { key: 'state', label: t('stateWord'), cell: ({ state }) => <State of={state} /> },
            { key: 'progress', label: t('progress'), num: true, opt: true, cell: ({ record }) => format.percent(record?.progressPercentage) },
            { key: 'score', label: t('score'), num: true, opt: true, cell: ({ record }) => (record?.score == null ? format.NONE : record.maxScore == null ? format.number(record.score) : t('scoreOf', { score: format.number(record.score), most: format.number(record.maxScore) })) },
            { key: 'last', label: t('last'), num: true, opt: true, cell: ({ record }) => format.date(record?.completedAt ?? record?.updatedAt) },
            ...(own ? [] : [{ key: 'act', label: t('actions'), num: true, cell: (one) => (
              <span class="acts">
                {one.state === 'LOCKED' ? <button type="button" class="btn" aria-label={t('unlockItem', { item: titleOf(one.title, one.id) })} onClick={() => this.lock(one.id, 'NOT_STARTED')}>{t('unlock')}</button>
                  : one.state === 'COMPLETED' ? null : <button type="button" class="btn" aria-label={t('lockItem', { item: titleOf(one.title, one.id) })} onClick={() => this.lock(one.id, 'LOCKED')}>{t('lock')}</button>}
                {one.record ? <button type="button" class="btn" aria-label={t('resetItemOf', { item: titleOf(one.title, one.id) })} onClick={() => this.setState({ ask: { kind: 'reset', item: one, course: name } })}>{t('reset')}</button> : null}
              </span>) }]),
          ]} />
        ) : <Empty>{query.state ? t('noItemFits') : t('noItems')}</Empty>}
        {pagination.totalPages > 1 ? <Pager of={pagination} what={t('items')} /> : null}
        {own && !contents ? <p class="note">{t('openedOnly')}</p> : null}
      </section>
    );
  }

  watched(itemId, name) {
    const { userId } = this.props;
    return (
      <Ask path={`progress/${encodeURIComponent(userId)}/${encodeURIComponent(itemId)}?segments=1`} size={2} empty={() => null} show={(state) => (
        <Card title={t('watchedParts')}>
          <p><b><Name of={titleOf(name, itemId)} /></b></p>
          {state.segments?.length && state.duration ? (
            <div>
              <Watched segments={state.segments} duration={state.duration} position={state.position} label={t('watchedLabel', { parts: state.segments.map(([from, end]) => t('fromTo', { from: format.clock(from), to: format.clock(end) })).join(', ') })} />
              <p class="sm mu">{t('watchedSaid', { seen: format.span(state.uniqueSeconds), whole: format.clock(state.duration) })}{state.position == null ? null : <span>, {t('at', { position: format.clock(state.position) })}</span>}</p>
            </div>
          ) : <p class="mu">{t('noSegments', { furthest: format.clock(state.furthest ?? state.watchedDuration) })}</p>}
        </Card>
      )} />
    );
  }

  figuresOf(statistics, course) {
    return (
      <Figures of={[
        [format.percent(course?.progressPercent ?? statistics.completionPercentage), t('courseProgress')],
        ...(course ? [[t('ofTotal', { part: format.number(course.completedRequired), total: format.number(course.totalRequired) }), t('requiredDone')]] : []),
        [t('ofTotal', { part: format.number(statistics.completedContent), total: format.number(statistics.totalContent) }), t('itemsDone')],
        [format.span(course?.timeSpent), t('timeSpent')],
      ].filter(([value]) => value !== format.NONE)} />
    );
  }

  render({ userId, courseId, own }) {
    const { query } = here();
    const [user, id] = [encodeURIComponent(userId), encodeURIComponent(courseId)];
    const staff = !own && is('INSTRUCTOR', 'OWNER', 'ADMIN', 'SYSTEM');
    const body = (module, contents, listed) => {
      const name = titleOf(module.module.title, courseId);
      const { enrollment, statistics, progress } = module;
      const state = stateOf(enrollment?.status);
      const names = new Map([...(contents ?? []).map((one) => [String(one.id), one.title]), ...progress.map(({ contentId }) => [String(contentId.id), contentId.title])]);
      const course = listed?.find((one) => one.courseId === courseId);
      const open = (contents ?? []).filter((one) => one.required !== false && !progress.some((record) => String(record.contentId.id) === String(one.id) && record.status === 'completed'));
      return (
        <div class="stackable">
          <Head title={own ? name : t('learnerTitle', { id: userId })} crumbs={own ? [[t('myLearning'), '#/me']] : [[t('courses'), '#/courses'], [name, to(['courses', courseId])]]}
            note={enrollment ? <span class="hd"><State of={state} /> <span>{t('enrolledOn', { date: format.date(enrollment.enrolledAt) })}{enrollment.completedAt ? <span>, {t('completedOn', { date: format.date(enrollment.completedAt) })}</span> : null}</span></span> : null}>
            {staff ? [
              state === 'COMPLETED' ? <button type="button" class="btn" key="certify" onClick={() => this.setState({ ask: { kind: 'certify', course: name } })}>{t('certify')}</button> : null,
              enrollment ? <button type="button" class="btn danger" key="reset" onClick={() => this.setState({ ask: { kind: 'reset', course: name } })}>{t('resetCourse')}</button> : null,
            ] : null}
          </Head>
          {enrollment?.certificateUrl ? <p><a href={enrollment.certificateUrl} rel="noreferrer noopener" target="_blank">{t('certificate')}</a></p> : null}
          {enrollment ? this.figuresOf(statistics, course) : <p class="note">{t('neverEnrolled')}</p>}
          {open.length ? <p class="note">{t('requiredOpen')} {open.slice(0, 5).map((one, i) => <span key={one.id}>{i ? ', ' : ''}<Name of={titleOf(one.title, one.id)} /></span>)}{open.length > 5 ? t('andMore') : ''}</p> : null}
          <div class="g2">
            {this.items(module, contents, query, name)}
            <div class="stackable">
              {query.item ? this.watched(query.item, names.get(query.item)) : null}
              <History userId={userId} courseId={courseId} cursor={query.before} nameOf={(item) => names.get(String(item))} />
            </div>
          </div>
          {this.dialogs()}
        </div>
      );
    };
    const withCourses = (module, contents) => <Ask path={`api/v1/users/${user}/courses?limit=100`} size={1} otherwise={() => body(module, contents, null)} show={({ courses }) => body(module, contents, courses)} />;
    return (
      <div>
        <Following filter={who.me.features.push ? { userId, courseId } : null} onMessage={(message) => this.told(message)} />
        <Ask path={`api/progress/${user}/${id}`} size={10} heading={own ? courseId : t('learnerTitle', { id: userId })} onData={({ data }) => title(own ? titleOf(data.module.title, courseId) : t('learnerIn', { id: userId, course: titleOf(data.module.title, courseId) }))} show={({ data }) =>
          staff ? <Ask path={`api/v1/catalog/courses/${id}`} size={10} otherwise={() => withCourses(data, null)} show={({ contents }) => withCourses(data, contents)} /> : withCourses(data, null)} />
      </div>
    );
  }
}
