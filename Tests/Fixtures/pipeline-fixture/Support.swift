import Glibc
import Pipelines
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTestSettings
import Synchronization

/// Counts across tasks.
final class Counter: Sendable {
  private let state = Mutex(0)

  var count: Int { state.withLock { $0 } }

  func add() { state.withLock { $0 += 1 } }
}

/// A sequence that may be declared sendable.
struct Shared<Base: Sequence>: Sequence, @unchecked Sendable {
  let base: Base

  init(_ base: Base) { self.base = base }

  func makeIterator() -> Base.Iterator { base.makeIterator() }
}

/// Expects that soon no child is left.
func gone(
  _ root: Node, _ test: Expectations, file: String = #fileID, line: Int = #line
) async {
  _ = try? await eventually { root.children.isEmpty }
  test.equal(root.children.map(\.name), [], file: file, line: line)
}

/// Kills workers now and then while `body` runs; how many were killed.
///
/// - Parameters:
///   - prefixes: What the victims' names begin with; for each, one after the other is killed.
///   - count: How many of each are killed, at most.
///   - pause: How many milliseconds go by before each.
func killing<Value>(
  _ prefixes: [String], in root: Node, atMost count: Int, pause: ClosedRange<Int>, seed: Int,
  while body: () async throws -> Value
) async throws -> (value: Value, killed: Int) {
  try await withThrowingTaskGroup(of: Int.self) { tasks in
    for (place, prefix) in prefixes.enumerated() {
      tasks.addTask {
        await kill(
          prefix, in: root, atMost: count, pause: pause,
          SeededGenerator(seed: UInt64(seed) &+ UInt64(place)))
      }
    }
    let value = try await body()
    tasks.cancelAll()
    return (value, try await tasks.reduce(0, +))
  }
}

private func kill(
  _ prefix: String, in root: Node, atMost count: Int, pause: ClosedRange<Int>,
  _ random: SeededGenerator
) async -> Int {
  var random = random
  var killed = 0
  while killed < count, !Task.isCancelled {
    try? await Task.sleep(for: .milliseconds(random.int(pause)))
    let victims = root.children.filter { $0.name.hasPrefix(prefix) && $0.phase == .ready }
    guard let pid = victims.randomElement(using: &random)?.pid else { continue }
    // As somebody outside of the tree does it.
    kill(pid, SIGKILL)
    killed += 1
  }
  return killed
}

/// A number among the arguments, after the scenario's name.
func argument(_ place: Int, default value: Int) -> Int {
  let arguments = CommandLine.arguments
  return arguments.count > place + 1 ? Int(arguments[place + 1]) ?? value : value
}
