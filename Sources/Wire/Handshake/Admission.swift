/// Decides, from a hello alone, whether a peer is the child that it claims to be.
package struct Admission: Sendable {
  /// A child that is expected to connect.
  package struct Expected: Sendable {
    package let credentials: Credentials
    package let name: String
    /// Whether a peer has proved to be this child already.
    package var isTaken = false

    package init(credentials: Credentials, name: String) {
      self.credentials = credentials
      self.name = name
    }
  }

  /// The reason for refusing a peer, as a text for its log.
  package struct Refusal: Error, Equatable, Sendable {
    package let reason: String

    package init(reason: String) {
      self.reason = reason
    }
  }

  private let build: String
  private var expected: [UInt32: Expected] = [:]

  /// - Parameter build: The identity of this program's build.
  package init(build: String) {
    self.build = build
  }

  /// Expects the child at `position` from now on.
  package mutating func expect(_ position: UInt32, _ credentials: Credentials, name: String) {
    expected[position] = Expected(credentials: credentials, name: name)
  }

  /// Forgets a child that has gone.
  package mutating func forget(_ position: UInt32) {
    expected[position] = nil
  }

  /// Admits the peer, once.
  ///
  /// Version and build are checked after the proof, so a stranger learns nothing.
  ///
  /// - Returns: The position of the child that the peer is.
  /// - Throws: The reason for the refusal.
  package mutating func admit(_ hello: Hello) throws(Refusal) -> UInt32 {
    guard let child = expected[hello.position], child.credentials.matches(hello.credentials) else {
      throw Refusal(reason: "unknown node or wrong credentials")
    }
    guard !child.isTaken else { throw Refusal(reason: "this node is connected already") }
    if let reason = ProtocolVersion.current.refusal(of: child.name, speaking: hello.version) {
      throw Refusal(reason: reason)
    }
    guard hello.build == build || hello.build == Hello.foreignBuild else {
      throw Refusal(reason: "build \(hello.build) is not \(build): start all nodes from one build")
    }
    expected[hello.position]?.isTaken = true
    return hello.position
  }
}
