internal import ProcessTreeBase

extension HostPool {
  /// Opens hosts as a sequence brings them, until it ends or the task is cancelled.
  func join<Hosts: AsyncSequence & Sendable>(_ hosts: Hosts) async where Hosts.Element == Host {
    await withTaskGroup(of: Void.self) { group in
      var opening = 0
      do {
        for try await host in hosts {
          if opening == Self.mostOpening {
            await group.next()
            opening -= 1
          }
          opening += 1
          group.addTask { await self.join(host) }
        }
      } catch {
        noteFailure(error)
      }
      await group.waitForAll()
    }
    state.withLock { $0.hasJoined = true }
  }

  private func join(_ host: Host) async {
    do {
      try await add([host])
    } catch {
      noteFailure(error)
    }
  }

  /// Before `body` begins the error may be its caller's; later it is a report.
  private func noteFailure(_ error: any Error) {
    guard !Task.isCancelled, !(error is CancellationError) else { return }
    state.withLock { $0.failure = error }
    node.report("warning: a host does not join: \(error)")
  }

  /// Waits until as many hosts are there as the scope begins with.
  func waitUntilJoined(_ minimum: Int) async throws {
    let isEnough = try await state.wait { state -> Bool? in
      if state.hosts.count >= minimum { return true }
      return state.hasJoined ? false : nil
    }
    guard !isEnough else { return }
    let (count, failure) = state.withLock { ($0.hosts.count, $0.failure) }
    throw failure
      ?? HostError(
        .notReached, host: "another", "\(count) of \(minimum) hosts have come, and no more do")
  }
}
