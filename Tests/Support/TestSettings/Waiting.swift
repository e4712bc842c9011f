extension Duration {
  /// This time as a deadline of a test: longer where, by the environment, all is slow.
  package var scaled: Duration { self * TestSettings.timeScale }

  /// Time enough for anything local, also on a busy machine.
  package static var patience: Duration { .seconds(30).scaled }
}

/// Waits until a condition holds; false when it does not in time.
package func eventually(
  within time: Duration = .patience, _ condition: () async throws -> Bool
) async throws -> Bool {
  let deadline = ContinuousClock.now + time
  var pauses = Pauses()
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    try await Task.sleep(for: pauses.next())
  }
  return try await condition()
}

/// The pauses between two looks: the longer it takes, the rarer they are, so that a look which
/// costs something does not take the processor from what it waits for.
package struct Pauses {
  private var pause = Duration.milliseconds(2)

  package init() {}

  package mutating func next() -> Duration {
    defer { pause = min(pause * 1.2, .milliseconds(30)) }
    return pause
  }
}

/// Waits until a value has stopped changing; false when it goes on changing.
///
/// Of something that waits for another this is all that can be seen from outside.
package func comesToRest<Value: Equatable>(
  within time: Duration = .patience, _ value: () throws -> Value
) async throws -> Bool {
  let deadline = ContinuousClock.now + time
  var last = try value()
  var calm = 0
  while ContinuousClock.now < deadline {
    try await Task.sleep(for: .milliseconds(10))
    let next = try value()
    calm = next == last ? calm + 1 : 0
    if calm == 20 { return true }
    last = next
  }
  return false
}
