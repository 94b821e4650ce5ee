// Dashboards of Grafana as values: what differs between ours, and nothing else. Entry: dashboardJson.
// @see https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/

export interface Panel {
  readonly title: string;
  /** Of Grafana: reqps, percentunit, s, Bps, short, dtdurations. */
  readonly unit: string;
  readonly queries: readonly { readonly expression: string; readonly legend: string }[];
  /** Default: timeseries. */
  readonly type?: 'timeseries' | 'stat';
}

export interface Variable {
  readonly name: string;
  readonly label: string;
  /** `label_values(metric, label)` */
  readonly query: string;
}

export interface Dashboard {
  /** Of the file, and of links. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly panels: readonly Panel[];
}

const datasource = { type: 'prometheus', uid: '${datasource}' };
const columns = 2;
const size = { w: 24 / columns, h: 8 };

export function dashboardJson({ id, title, description, variables, panels }: Dashboard): object {
  return {
    uid: `meshwright-${id}`,
    title: `Meshwright / ${title}`,
    description,
    tags: ['meshwright'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: [sourceVariable, ...variables.map(variableJson)] },
    links: [
      { title: 'Meshwright', type: 'dashboards', tags: ['meshwright'], asDropdown: true, keepTime: true },
    ],
    panels: panels.map(panelJson),
  };
}

const sourceVariable = { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' };

function variableJson({ name, label, query }: Variable): object {
  return { name, label, type: 'query', datasource, query: { query, refId: name }, refresh: 2, sort: 1 };
}

function panelJson({ title, unit, queries, type = 'timeseries' }: Panel, index: number): object {
  return {
    id: index + 1,
    title,
    type,
    datasource,
    gridPos: { ...size, x: (index % columns) * size.w, y: Math.floor(index / columns) * size.h },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: type === 'stat' ? {} : { legend: { displayMode: 'list' }, tooltip: { mode: 'multi' } },
    targets: queries.map(({ expression, legend }, at) => ({
      refId: String.fromCharCode(65 + at),
      datasource,
      expr: expression,
      legendFormat: legend,
    })),
  };
}
