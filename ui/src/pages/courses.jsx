// The courses that somebody may look into.
import { h, Component } from 'preact';
import { Following } from '../following.jsx';
import * as format from '../format.js';
import { title } from '../page.js';
import { Ask, Empty, Head, Name, Pager, Search, Table, readAgain, titleOf } from '../parts.jsx';
import { here, replace, to, withQuery } from '../route.js';
import { has as is, who } from '../who.js';
import { t } from '../words.js';

export class Courses extends Component {
  constructor(props) {
    super(props);
    title(t('courses'));
  }
  render() {
    const { query } = here();
    const keeper = is('ADMIN', 'SYSTEM');
    const asked = new URLSearchParams({ limit: 20, page: query.page ?? 1, ...(query.q && { q: query.q }) });
    return (
      <div class="stackable">
        <Following filter={keeper && who.me.features.push ? {} : null} onMessage={() => readAgain()} />
        <Head title={t('courses')} note={keeper ? t('allCourses') : t('coursesOfMine')}>{keeper ? [<a class="btn" key="new" href="#/edit">{t('newCourse')}</a>] : null}</Head>
        <section class="card">
          <div class="tools"><Search label={t('searchCourses')} value={query.q} onText={(q) => replace(withQuery({ q, page: null }))} /></div>
          <Ask path={`api/v1/catalog/courses?${asked}`} size={8} show={({ courses, pagination }) => (
            <div>
              {courses.length ? (
                <Table caption={t('courses')} hideCaption rows={courses} rowKey={({ id }) => id} columns={[
                  { key: 'course', label: t('course'), head: true, cell: ({ id, title: name }) => <span><a href={to(['courses', id])}><Name of={titleOf(name, id)} /></a>{' '}<span class="mu sm"><Name of={id} /></span></span> },
                  { key: 'items', label: t('items'), num: true, opt: true, cell: ({ contents }) => format.number(contents) },
                  { key: 'enrolments', label: t('enrolments'), num: true, cell: ({ enrollments }) => format.number(enrollments) },
                  { key: 'completed', label: t('completedOrCertified'), num: true, cell: ({ completed }) => format.number(completed) },
                  { key: 'average', label: t('averageProgress'), num: true, opt: true, cell: ({ averageProgress }) => format.percent(averageProgress) },
                  { key: 'last', label: t('lastActivity'), num: true, opt: true, cell: ({ lastActivityAt }) => format.date(lastActivityAt) },
                  ...(keeper ? [{ key: 'edit', label: t('edit'), hidden: true, opt: true, num: true, cell: ({ id, title: name }) => <a href={to(['edit', id])} aria-label={t('editCourse', { course: titleOf(name, id) })}>{t('edit')}</a> }] : []),
                ]} />
              ) : <Empty curl={query.q ? null : keeper ? curl() : null}>{query.q ? t('nothingFound', { text: query.q }) : keeper ? t('noCourseYet') : t('noCourseOfMine')}</Empty>}
              {pagination && pagination.total > 0 ? <Pager of={pagination} what={t('courses')} /> : null}
            </div>
          )} />
        </section>
      </div>
    );
  }
}

const curl = () => {
  const address = new URL('api/v1/catalog/courses/1', location.href.replace(/#.*/, ''));
  return `curl -X PUT ${address} -H "Authorization: Bearer $A" -H 'Content-Type: application/json' \\\n  -d '{"title":"Knots","contents":[{"id":"11","title":"The bowline","type":"video","durationSeconds":300}]}'`;
};
