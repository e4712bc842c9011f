internal import ProcessTreeBase

/// Hosts that come one after the other, and with how many of them a scope begins.
package struct JoiningHosts: Sendable {
  /// The name that they have in common; nil for all that come.
  let family: String?
  let minimum: Int
  /// How long that may take; nil for no end.
  let patience: Duration?
  let join: @Sendable (HostPool) async -> Void

  package init<Hosts: AsyncSequence & Sendable>(
    _ hosts: Hosts, family: String? = nil, minimum: Int, patience: Duration? = nil
  ) where Hosts.Element == Host {
    self.family = family
    self.minimum = minimum
    self.patience = patience
    join = { await $0.join(hosts, of: family) }
  }
}

extension HostPool {
  /// Opens hosts as a sequence brings them, until it ends or the task is cancelled.
  fileprivate func join<Hosts: AsyncSequence & Sendable>(
    _ hosts: Hosts, of family: String?
  ) async where Hosts.Element == Host {
    await withTaskGroup(of: Void.self) { group in
      var opening = 0
      do {
        for try await var host in hosts {
          host.family = family
          if opening == Self.mostOpening {
            await group.next()
            opening -= 1
          }
          opening += 1
          group.addTask { [host] in await self.join(host) }
        }
      } catch {
        noteFailure(error, of: family)
      }
      await group.waitForAll()
    }
    state.withLock { _ = $0.ended.insert(family) }
  }

  private func join(_ host: Host) async {
    do {
      try await add([host])
    } catch {
      noteFailure(error, of: host.family)
    }
  }

  /// Before `body` begins the error may be its caller's; later it is a report.
  private func noteFailure(_ error: any Error, of family: String?) {
    guard !Task.isCancelled, !(error is CancellationError) else { return }
    state.withLock { $0.failures[family] = error }
    node.report("warning: a host does not join: \(error)")
  }

  /// Waits until as many hosts are there as the scope begins with: of each sequence, or in all if
  /// there is a `minimum`.
  func wait(for sequences: [JoiningHosts], minimum: Int?) async throws {
    guard !sequences.isEmpty else { return }
    guard let patience = sequences.compactMap(\.patience).max() else {
      return try await waitUntilJoined(sequences, minimum)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.waitUntilJoined(sequences, minimum) }
      group.addTask {
        try await self.node.sleep(for: patience)
        throw self.shortage(
          of: sequences, minimum, .notInTime,
          "within \(patience.inShort); squeue says what the others wait for")
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func waitUntilJoined(_ sequences: [JoiningHosts], _ minimum: Int?) async throws {
    let isEnough = try await state.wait { state -> Bool? in
      if Self.shortOnes(of: sequences, minimum, state).isEmpty { return true }
      let mayCome = Self.shortOnes(of: sequences, minimum, state)
        .contains { !state.ended.contains($0.family) }
      return mayCome ? nil : false
    }
    guard !isEnough else { return }
    let failure = state.withLock { state in
      Self.shortOnes(of: sequences, minimum, state).compactMap { state.failures[$0.family] }.first
    }
    throw failure ?? shortage(of: sequences, minimum, .notReached, "and no more do")
  }

  /// The sequences from which more hosts have to come.
  private static func shortOnes(
    of sequences: [JoiningHosts], _ minimum: Int?, _ state: State
  ) -> [JoiningHosts] {
    if let minimum { return state.hosts.count >= minimum ? [] : sequences }
    return sequences.filter { $0.count(in: state.hosts) < $0.minimum }
  }

  private func shortage(
    of sequences: [JoiningHosts], _ minimum: Int?, _ code: HostError.Code, _ reason: String
  ) -> HostError {
    state.withLock { state in
      let short = Self.shortOnes(of: sequences, minimum, state)
      let name = short.compactMap(\.family).joined(separator: ", ")
      let count = minimum == nil ? short.first?.count(in: state.hosts) : state.hosts.count
      let least = minimum ?? short.first?.minimum ?? 0
      return HostError(
        code, host: name.isEmpty ? "another" : name,
        "\(count ?? 0) of \(least) hosts have come, \(reason)")
    }
  }
}

extension JoiningHosts {
  /// How many of them have come.
  fileprivate func count(in hosts: [OpenHost]) -> Int {
    family == nil ? hosts.count : hosts.count { $0.host.family == family }
  }
}
