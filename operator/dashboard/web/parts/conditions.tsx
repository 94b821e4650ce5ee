// Conditions of an object, in words.
import type { JSX } from 'preact';
import type { PolicyCondition } from '../../views/json.ts';
import { Badge, time, type Tone } from './cells.tsx';
import { Table } from './table.tsx';

/** Of these, True is the bad news. */
const complaints: ReadonlySet<string> = new Set(['Overridden', 'Warning', 'WouldRefuse']);

interface ConditionsProps {
  readonly title: string;
  readonly conditions: readonly PolicyCondition[];
}

export function Conditions({ title, conditions }: ConditionsProps): JSX.Element {
  return (
    <Table
      title={title}
      columns={['Type', 'Status', 'Message', 'Since']}
      none="It has none yet."
      rows={conditions.map((condition) => ({
        key: condition.type,
        cells: [
          condition.type,
          <Badge key="status" tone={toneOf(condition)}>
            {`${condition.status}: ${condition.reason}`}
          </Badge>,
          condition.message,
          time(condition.since),
        ],
      }))}
    />
  );
}

function toneOf({ type, status }: PolicyCondition): Tone {
  if (status === 'Unknown') return 'none';
  if (complaints.has(type)) return status === 'True' ? 'warning' : 'good';
  return status === 'True' ? 'good' : 'bad';
}
