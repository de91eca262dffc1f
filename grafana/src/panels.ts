/** Panels as plain data, and from them the builders of Grafana's SDK: one look for all dashboards. */
import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

export type Unit = 's' | 'short' | 'percentunit' | 'bytes' | 'Bps' | 'ops';

export interface Query {
  readonly expr: string;
  readonly legend: string;
}

export interface Panel {
  readonly kind: 'stat' | 'lines' | 'stack' | 'heatmap';
  readonly title: string;
  /** What it shows, and what to think of it. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Of 24 columns; 8 when left out, 6 for a stat. */
  readonly width?: number;
  /** Where green ends: above `warn` yellow, above `bad` red; falling when `bad` is below `warn`. */
  readonly limits?: { readonly warn: number; readonly bad: number };
}

export const datasource: common.DataSourceRef = { type: 'prometheus', uid: '$datasource' };
const panelHeight = 8;
const statHeight = 5;

export function buildPanel(panel: Panel): cog.Builder<dashboard.Panel> {
  const built = builderOf(panel)
    .title(panel.title)
    .description(panel.description)
    .datasource(datasource)
    .unit(panel.unit)
    .span(panel.width ?? (panel.kind === 'stat' ? 6 : 8))
    .height(panel.kind === 'stat' ? statHeight : panelHeight);
  if (panel.limits !== undefined) built.thresholds(colourSteps(panel.limits));
  panel.queries.forEach((query, index) => void built.withTarget(target(query, panel, 'ABCDEFGH'[index] ?? 'Z')));
  return built;
}

function builderOf(panel: Panel) {
  switch (panel.kind) {
    case 'stat':
      return new stat.PanelBuilder()
        .colorMode(panel.limits === undefined ? common.BigValueColorMode.Value : common.BigValueColorMode.Background)
        .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
        .graphMode(common.BigValueGraphMode.Area);
    case 'lines':
      return lines().fillOpacity(8);
    case 'stack':
      return lines().fillOpacity(40).stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
    case 'heatmap':
      return new heatmap.PanelBuilder()
        .color(
          new heatmap.HeatmapColorOptionsBuilder().mode(heatmap.HeatmapColorMode.Scheme).scheme('Oranges').steps(64),
        )
        .yAxis(new heatmap.YAxisConfigBuilder().unit(panel.unit))
        .hideLegend();
  }
}

function lines(): timeseries.PanelBuilder {
  const legend = new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.Table)
    .placement(common.LegendPlacement.Bottom)
    .calcs(['lastNotNull', 'max']);
  return new timeseries.PanelBuilder()
    .lineWidth(1)
    .showPoints(common.VisibilityMode.Never)
    .axisSoftMin(0)
    .legend(legend)
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi));
}

function target({ expr, legend }: Query, { kind }: Panel, refId: string): cog.Builder<cog.Dataquery> {
  const query = new prometheus.DataqueryBuilder()
    .expr(expr)
    .legendFormat(legend)
    .refId(refId)
    .range()
    .datasource(datasource);
  if (kind === 'heatmap') query.format(prometheus.PromQueryFormat.Heatmap);
  return query;
}

function colourSteps({ warn, bad }: { warn: number; bad: number }): cog.Builder<dashboard.ThresholdsConfig> {
  const steps =
    bad > warn
      ? [
          { value: null, color: 'green' },
          { value: warn, color: 'orange' },
          { value: bad, color: 'red' },
        ]
      : [
          { value: null, color: 'red' },
          { value: bad, color: 'orange' },
          { value: warn, color: 'green' },
        ];
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(steps);
}
