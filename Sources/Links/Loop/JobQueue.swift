internal import DequeModule

/// Jobs that are ready to run on the loop, first in, first out.
struct JobQueue {
  private var jobs: Deque<UnownedJob> = []

  var isEmpty: Bool { jobs.isEmpty }

  mutating func append(_ job: UnownedJob) { jobs.append(job) }

  mutating func popFirst() -> UnownedJob? { jobs.popFirst() }
}
