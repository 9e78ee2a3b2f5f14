/** Virtual time: tasks run in the order of their instants, those of one instant in the order they were given. */
export interface Schedule {
  readonly now: number;
  at(time: number, task: () => void): void;
  after(delay: number, task: () => void): void;
  /** Runs everything due up to `until`, then stands there. */
  run(until: number): void;
}

interface Task {
  readonly time: number;
  readonly order: number;
  readonly run: () => void;
}

/** Creates a schedule at instant 0: a binary heap. */
export function createSchedule(): Schedule {
  const heap: Task[] = [];
  let now = 0;
  let order = 0;
  const schedule: Schedule = {
    get now() {
      return now;
    },
    at(time, run) {
      order += 1;
      push(heap, { time: Math.max(time, now), order, run });
    },
    after(delay, run) {
      schedule.at(now + delay, run);
    },
    run(until) {
      for (let task = heap[0]; task !== undefined && task.time <= until; task = heap[0]) {
        pop(heap);
        now = task.time;
        task.run();
      }
      now = until;
    },
  };
  return schedule;
}

function isBefore(left: Task, right: Task): boolean {
  return left.time < right.time || (left.time === right.time && left.order < right.order);
}

function push(heap: Task[], task: Task): void {
  let index = heap.length;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !isBefore(task, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = task;
}

function pop(heap: Task[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = index * 2 + 1;
    let least = heap[child];
    const right = heap[child + 1];
    if (least !== undefined && right !== undefined && isBefore(right, least)) {
      least = right;
      child += 1;
    }
    if (least === undefined || !isBefore(least, last)) break;
    heap[index] = least;
    index = child;
  }
  heap[index] = last;
}
