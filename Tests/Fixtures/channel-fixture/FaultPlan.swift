import Glibc
import ProcessTree
import ProcessTreeRandomTesting
import Synchronization

/// Random faults against random processes: SIGKILL, or SIGSTOP with SIGCONT or SIGKILL after a
/// while.
final class FaultPlan: Sendable {
  private let random: Mutex<SeededGenerator>
  private let left: Mutex<Int>
  private let all: Int

  init(seed: UInt64, count: Int) {
    random = Mutex(SeededGenerator(seed: seed))
    left = Mutex(count)
    all = count
  }

  var done: Int { all - left.withLock(\.self) }

  /// One fault, after a random pause.
  func strike(_ children: [AnyChild]) async throws {
    let (pause, index, kind) = random.withLock { random in
      (random.int(0...3_000), random.int(0...1_000), random.int(0...9))
    }
    try await Task.sleep(for: .microseconds(pause))
    guard left.withLock(\.self) > 0 else { return try await Task.sleep(for: .milliseconds(20)) }
    let alive = children.filter { $0.phase == .ready }
    guard !alive.isEmpty else { return }
    let victim = alive[index % alive.count]
    guard let pid = victim.pid, victim.isAlive else { return }
    left.withLock { $0 -= 1 }
    switch kind {
    case 0, 1:
      kill(pid, SIGSTOP)
      try await Task.sleep(for: .microseconds(pause * 3))
      if victim.isAlive { kill(pid, kind == 0 ? SIGCONT : SIGKILL) }
    default: kill(pid, SIGKILL)
    }
  }
}

/// A number among the arguments, after the scenario's name.
func argument(_ place: Int, default value: Int) -> Int {
  let arguments = CommandLine.arguments
  return arguments.count > place + 1 ? Int(arguments[place + 1]) ?? value : value
}
