internal import DequeModule

/// The jobs that are ready to run on the loop, first in, first out unless a picker reorders them.
struct JobQueue {
  private var jobs: Deque<UnownedJob> = []

  var isEmpty: Bool { jobs.isEmpty }

  mutating func append(_ job: UnownedJob) { jobs.append(job) }

  /// Takes the first job, or the one that `pick` chooses given their number.
  mutating func pop(_ pick: ((Int) -> Int)?) -> UnownedJob? {
    guard let pick, jobs.count > 1 else { return jobs.popFirst() }
    return jobs.remove(at: pick(jobs.count) % jobs.count)
  }
}
