// Where edges begin and end: not behind the boxes of those who call and are called.
import { expect, test } from '@jest/globals';
import { edgeKey, layoutOf, nodeWidth } from '../../../operator/dashboard/web/graph-layout.ts';

const nodes = ['a', 'b', 'c', 'd'].map((id) => ({ id }));
const forth = [
  { from: 'a', to: 'b' },
  { from: 'a', to: 'c' },
  { from: 'b', to: 'd' },
  { from: 'a', to: 'd' },
];

test('a call goes from the right side of the caller to the left side of who is called, through its label', () => {
  const layout = layoutOf(nodes, forth);

  for (const edge of forth) {
    const { points = [], label } = layout.edges.get(edgeKey(edge)) ?? {};
    const [from, to] = [layout.nodes.get(edge.from), layout.nodes.get(edge.to)];
    expect(points[0]).toEqual({ x: (from?.x ?? 0) + nodeWidth / 2, y: from?.y });
    expect(points.at(-1)).toEqual({ x: (to?.x ?? 0) - nodeWidth / 2, y: to?.y });
    expect(points.some(({ y }) => y === label?.y)).toBe(true);
  }
});

test('a call back, and one of itself, have a place', () => {
  const edges = [...forth, { from: 'd', to: 'a' }, { from: 'b', to: 'b' }];
  const layout = layoutOf(nodes, edges);

  for (const edge of edges) expect(layout.edges.get(edgeKey(edge))?.points.length).toBeGreaterThan(2);
});

test('nobody has a place in an empty graph', () => {
  expect(layoutOf([], [])).toEqual({ width: 0, height: 0, nodes: new Map(), edges: new Map() });
});
