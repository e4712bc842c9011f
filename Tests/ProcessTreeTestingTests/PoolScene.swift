import Pools
import ProcessTree
import ProcessTreeRandomTesting

/// Calls of a pool, one after the other or at once, to programs that compute, wait and throw.
///
/// - Every call returns. Its results are those of its inputs, in order, and each input has one.
/// - It throws only what something in its history explains.
/// - When the pool's scope is left no worker is.
struct PoolScene: Scene {
  /// One input: waits, then throws or returns twice its number.
  struct Chore: NodeProgram {
    var number: Int
    var milliseconds: Int
    var throwing: Bool

    struct Refused: Error, Codable {}

    func run(in node: Node) async throws -> Int {
      if milliseconds > 0 { try await node.sleep(for: .milliseconds(milliseconds)) }
      if throwing { throw Refused() }
      return 2 * number
    }
  }

  enum Form: CaseIterable { case map, outcomes, firstOfStream }

  struct Call {
    var form: Form
    var inputs: Int
    /// Inputs that throw, and how long each input takes.
    var throwers: Set<Int>
    var milliseconds: Int
    var options = CallOptions()
    /// When the call is cancelled.
    var patience: Int?

    func chore(_ number: Int) -> Chore {
      Chore(number: number, milliseconds: milliseconds, throwing: throwers.contains(number))
    }
  }

  enum End: CaseIterable { case none, shutDown, stopNow, resize }

  var frames: Int { 120 }
  let size: Int
  let recycleAfter: Int?
  /// In milliseconds.
  let maximumAge: Int?
  let calls: [Call]
  let areAtOnce: Bool
  let end: End
  let endsAfter: Int

  init(using random: inout SeededGenerator) {
    size = random.int(1...3)
    recycleAfter = random.int(0...3) == 0 ? random.int(1...5) : nil
    maximumAge = random.int(0...3) == 0 ? random.int(1...100) : nil
    calls = (0..<random.int(1...3)).map { _ in
      let inputs = random.int(0...30)
      var call = Call(
        form: Form.allCases[random.int(0...2)], inputs: inputs,
        throwers: Set((0..<max(0, random.int(-2...2))).map { _ in random.int(0...30) }),
        milliseconds: random.int(0...2) == 0 ? random.int(1...60) : 0)
      if random.int(0...2) == 0 {
        call.options.retry = RetryPolicy(firstDelay: .milliseconds(random.int(0...200)))
      }
      if random.int(0...5) == 0 { call.options.deadline = .milliseconds(random.int(10...100)) }
      if random.int(0...4) == 0 { call.patience = random.int(0...200) }
      return call
    }
    areAtOnce = random.bool()
    end = End.allCases[random.int(0...7) < 4 ? 0 : random.int(1...3)]
    endsAfter = random.int(0...100)
  }

  var description: String {
    "\(size) workers, recycled after \(recycleAfter ?? 0) and \(maximumAge ?? 0) ms, \(end) after \(endsAfter) ms, "
      + "at once: \(areAtOnce), calls: \(calls)"
  }

  func play(in root: Node, isHarmed: Bool) async throws -> [String] {
    var options = PoolOptions()
    options.recycleAfter = recycleAfter
    options.maximumAge = maximumAge.map { .milliseconds($0) }
    return try await root.withPool(size: size, options: options) { pool in
      try await withThrowingTaskGroup(of: [String].self) { group in
        group.addTask {
          try? await root.sleep(for: .milliseconds(endsAfter))
          switch end {
          case .none: break
          case .shutDown: pool.shutDown()
          case .stopNow: pool.stopNow()
          case .resize: try pool.resize(to: 4 - size)
          }
          return []
        }
        var flaws: [String] = []
        for call in calls {
          if areAtOnce {
            group.addTask { await self.flaws(of: call, in: pool, root, isHarmed) }
          } else {
            flaws += await self.flaws(of: call, in: pool, root, isHarmed)
          }
        }
        for try await more in group { flaws += more }
        return flaws
      }
    }
  }

  private func flaws(
    of call: Call, in pool: Pool, _ root: Node, _ isHarmed: Bool
  ) async -> [String] {
    await withTaskGroup(of: [String]?.self) { group in
      group.addTask {
        do {
          return try await results(of: call, in: pool, isHarmed)
        } catch {
          return explains(error, call, isHarmed) ? [] : ["nothing explains \(error) of \(call)"]
        }
      }
      if let patience = call.patience {
        group.addTask {
          try? await root.sleep(for: .milliseconds(patience))
          return nil
        }
      }
      var flaws: [String] = []
      for await some in group {
        // The call has returned, or is to: nobody waits for the other.
        group.cancelAll()
        flaws += some ?? []
      }
      return flaws
    }
  }

  private func results(of call: Call, in pool: Pool, _ isHarmed: Bool) async throws -> [String] {
    let inputs = 0..<call.inputs
    switch call.form {
    case .map:
      let outputs = try await pool.map(over: inputs, options: call.options) { call.chore($0) }
      let isRight = outputs == inputs.map { 2 * $0 } && call.throwers.isDisjoint(with: inputs)
      return isRight ? [] : ["\(call) gave \(outputs)"]
    case .firstOfStream:
      for try await output in pool.stream(over: inputs, options: call.options, { call.chore($0) }) {
        return output == 0 ? [] : ["\(call) gave \(output) first"]
      }
      return inputs.isEmpty ? [] : ["\(call) gave nothing"]
    case .outcomes:
      var seen: Set<Int> = []
      var flaws: [String] = []
      for try await outcome in pool.stream(over: inputs, options: call.options, { call.chore($0) })
        .outcomes
      {
        if !seen.insert(outcome.index).inserted { flaws.append("\(outcome.index) came twice") }
        switch outcome.result {
        case .success(let output) where output == 2 * outcome.index: break
        case .failure(let failure) where explains(failure, call, isHarmed): break
        default: flaws.append("\(call) gave \(outcome)")
        }
      }
      return flaws + (seen == Set(inputs) ? [] : ["\(call) gave only \(seen.sorted())"])
    }
  }

  private func explains(_ error: any Error, _ call: Call, _ isHarmed: Bool) -> Bool {
    switch error {
    case is CancellationError: return call.patience != nil
    case let error as PoolError where error.code == .shutDown:
      return end == .shutDown || end == .stopNow
    case let error as PoolError: return isHarmed && error.code == .workersCannotStart
    case let failure as PoolFailure:
      return switch failure.code {
      case .thrown: call.throwers.contains(failure.index)
      case .deadlinePassed: call.options.deadline != nil
      case .killedWorkers: isHarmed
      default: false
      }
    default: return false
    }
  }
}
