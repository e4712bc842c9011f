internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeWire

extension Node {
  // MARK: Hooks

  /// Registers code that runs when the node's program has ended: with a result, an error, by
  /// ``exit(_:)-(Int32)``, or because it was stopped.
  ///
  /// ```swift
  /// node.onExit("remove the lock") { try await node.offload { unlink(path) } }
  /// ```
  ///
  /// Hooks run one after another on the event loop, the last registered first, before the node ends
  /// its channels and stops its children. The task of a hook is not cancelled by the stop. All of
  /// them have the time in which the node has to stop, if it was asked to. One that takes longer
  /// than its own time is cancelled, reported by its name as the event `hookFailed`, and waited for
  /// no longer; one that throws is reported too. They do not run when the node is killed, when it
  /// blocks its event loop, and at a root whose program does not end within the time for a stop.
  /// Callable from any thread, until the program has ended and in hooks.
  ///
  /// - Parameters:
  ///   - name: The name by which the hook is reported, at most 4,096 bytes.
  ///   - time: How long the hook may take.
  ///   - body: The code to run.
  public func onExit(
    _ name: String, within time: Duration = .seconds(2),
    _ body: @escaping @Sendable () async throws -> Void
  ) {
    let name = name.limited(to: WireLimits.message)
    runtime.perform { runtime in
      runtime.hooks.add(.init(name: name, limit: time, body: body))
      runtime.handle(.hookAdded)
    }
  }

  // MARK: Draining

  /// Whether the node was asked to finish the work that it has, and to take no other; see
  /// ``AnyChild/drain(within:reason:)``.
  public var isDraining: Bool { shared.isDraining }

  /// Waits until the node is asked to drain.
  ///
  /// For programs that get their work elsewhere than from a work channel, a mailbox or a service,
  /// whose sequences end by themselves.
  ///
  /// - Throws: `CancellationError`.
  public func waitUntilDraining() async throws {
    let hasBegun: Void? = await runtime.lendingSlot {
      await runtime.wait { [runtime] wait in
        guard runtime.value.drain == nil else { return wait.value.end(()) }
        wait.value.join(runtime.value.drainWaiters, within: nil)
      }
    }
    if hasBegun == nil { throw CancellationError() }
  }
}
