/// The life of the node at an address, as a sequence of changes; see ``Node/monitor(_:)``.
///
/// The first event is the present state. Iterate it once. It ends after ``Event/ended(reason:)``,
/// and when the iterating task is cancelled; `next()` does not throw. For a slow reader 256 events
/// are kept, and then the oldest are dropped: the number of the life shows that some are missing.
public struct NodeMonitor: AsyncSequence, Sendable {
  /// A change in the life of a node.
  public enum Event: Hashable, Sendable, Codable {
    /// The node is up: its program runs or, if its specification requires that, has announced it.
    case up(incarnation: Int, pid: Int32)
    /// This life has ended, or the node has no life at present, in which case there is no report.
    case down(incarnation: Int, report: ExitReport?)
    /// The node is gone and will not come by itself, or there is none at this address.
    case ended(reason: String)
  }

  fileprivate enum Source: Sendable {
    case receiver(Receiver<Event>, NodeAddress)
    case gone(String)
  }

  private let source: Source

  init(_ receiver: Receiver<Event>, of address: NodeAddress) {
    source = .receiver(receiver, address)
  }

  /// A monitor of a node that is gone.
  init(goneBecause reason: String) { source = .gone(reason) }

  /// The events, one after another.
  public struct Iterator: AsyncIteratorProtocol {
    private var receiver: Receiver<Event>.Iterator?
    /// The event that follows when no other comes.
    private var last: Event?

    fileprivate init(_ source: Source) {
      switch source {
      case .receiver(let receiver, let address):
        self.receiver = receiver.makeAsyncIterator()
        last = .ended(reason: "\(address) is gone: the node that kept it has ended")
      case .gone(let reason): last = .ended(reason: reason)
      }
    }

    /// Waits for the next event; nil at the end.
    public mutating func next() async -> Event? {
      await next(isolation: nil)
    }

    /// Waits for the next event; nil at the end.
    public mutating func next(isolation _: (any Actor)?) async -> Event? {
      do {
        if let event = try await receiver?.next() {
          if case .ended = event { finish() }
          return event
        }
      } catch is CancellationError {
        return nil
      } catch {
        // The end of the channel is that of the node that kept the child.
      }
      defer { finish() }
      return last
    }

    private mutating func finish() {
      receiver = nil
      last = nil
    }
  }

  /// Begins to receive events.
  public func makeAsyncIterator() -> Iterator { Iterator(source) }
}
