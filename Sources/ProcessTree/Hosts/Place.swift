/// Where children run: an ``OpenHost``, the host of a ``HostPool`` that is used least, or
/// ``OwnHost``.
public protocol Place: Sendable {
  /// The host for the next child; `nil` if there is none.
  func choose() -> OpenHost?
  /// The hosts to choose from.
  var hosts: [OpenHost] { get }
}

/// A place whose hosts may become more.
package protocol GrowingPlace: Place {
  /// Calls `body` after each addition of hosts, from any thread.
  ///
  /// - Returns: A number for ``forgetGrowth(_:)``.
  func whenGrown(_ body: @escaping @Sendable () -> Void) -> Int

  /// Does not call a closure any more.
  func forgetGrowth(_ number: Int)
}

extension HostError {
  /// None of these hosts is open, for reasons of their own.
  package init(noneOpenOf hosts: [OpenHost]) {
    let troubles = hosts.compactMap { host in host.trouble.map { "\(host.name): \($0)" } }
    self.init(
      .over, host: hosts.map(\.name).joined(separator: ", "),
      troubles.isEmpty ? "no host is open" : "no host is left: \(troubles.joined(separator: "; "))")
  }
}

/// A host for a worker whose work others take back: it does not drain by itself when the host ends
/// soon.
package struct PlaceOfWorker: Place {
  private let host: OpenHost

  package init(_ host: OpenHost) { self.host = host }

  package func choose() -> OpenHost? { host }

  package var hosts: [OpenHost] { [host] }
}

/// The host of the node that starts the children, for one stage of a pipeline whose others run on
/// hosts.
public struct OwnHost: Place {
  /// Makes the place.
  public init() {}

  /// None: the host of the parent is no open one.
  public func choose() -> OpenHost? { nil }

  /// None.
  public var hosts: [OpenHost] { [] }
}
