// A course's learners, best first.
import { h, Component } from 'preact';
import { courseApi } from '../api.js';
import { Bar } from '../charts.jsx';
import { Following } from '../following.jsx';
import * as format from '../format.js';
import { title } from '../page.js';
import { Ask, Empty, Head, Name, Pager, SaveButton, State, Table, readAgain } from '../parts.jsx';
import { here, to } from '../route.js';
import { who } from '../who.js';
import { t } from '../words.js';
import { courseCrumbs } from './course.jsx';

export class Leaderboard extends Component {
  constructor(props) {
    super(props);
    title(t('leaderboard'));
  }
  render({ courseId }) {
    const { query } = here();
    const path = `${courseApi(courseId)}/leaderboard`;
    return (
      <div class="stackable">
        <Following filter={who.me.features.push ? { courseId } : null} onMessage={() => readAgain()} />
        <Head title={t('leaderboard')} crumbs={courseCrumbs(courseId)} note={t('leaderboardScope')}>
          <SaveButton path={path} name={`leaderboard-${courseId}.csv`} label={t('csv')} />
        </Head>
        <section class="card">
          <Ask path={`${path}?limit=20&page=${encodeURIComponent(query.page ?? 1)}`} size={8} show={({ results, pagination }) => (
            <div>
              {results.length ? (
                <Table caption={t('leaderboard')} hideCaption rows={results} rowKey={({ userId }) => userId} columns={[
                  { key: 'rank', label: t('rank'), num: true, cell: ({ rank }) => format.number(rank) },
                  { key: 'learner', label: t('learner'), head: true, cell: ({ userId }) => <a href={to(['courses', courseId, 'learners', String(userId)])}><Name of={userId} /></a> },
                  { key: 'state', label: t('stateWord'), cell: ({ enrollmentStatus }) => <State of={enrollmentStatus} /> },
                  { key: 'progress', label: t('progress'), cell: ({ progressPercent, enrollmentStatus }) => <span class="barred"><Bar value={progressPercent} done={enrollmentStatus === 'COMPLETED' || enrollmentStatus === 'CERTIFIED'} label={format.percent(progressPercent)} /> {format.percent(progressPercent)}</span> },
                  { key: 'items', label: t('itemsDone'), num: true, opt: true, cell: ({ completedContent, totalContent }) => t('ofTotal', { part: format.number(completedContent), total: format.number(totalContent) }) },
                  { key: 'time', label: t('timeSpent'), num: true, opt: true, cell: ({ totalActivityHours }) => format.hours(totalActivityHours) },
                  { key: 'last', label: t('lastActivity'), num: true, opt: true, cell: ({ lastActivityDate }) => format.date(lastActivityDate) },
                ]} />
              ) : <Empty>{t(pagination.total ? 'beyondEnd' : 'noEnrolments')}</Empty>}
              <Pager of={pagination} what={t('learners')} />
            </div>
          )} />
        </section>
      </div>
    );
  }
}
