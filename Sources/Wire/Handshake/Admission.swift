/// Decides, from a hello and the kernel's view of its sender, whether a peer is the child that it
/// claims to be.
package struct Admission: Sendable {
  /// A child that is expected to connect.
  private struct Expected {
    let attempt: UInt32
    let name: String
    /// The process that connects in the child's place, if the child is on another host.
    let carrier: Int32?
    /// Whether a peer has proved to be this child already.
    var isTaken = false
  }

  private let build: String
  private let secret: NodeSecret
  private var expected: [UInt32: Expected] = [:]

  /// - Parameters:
  ///   - build: The identity of this program's build.
  ///   - secret: The node's own secret, from which those of its children are derived.
  package init(build: String, secret: NodeSecret) {
    self.build = build
    self.secret = secret
  }

  /// Expects the child at `position` from now on, as it is started by an attempt.
  ///
  /// - Parameter carrier: The process that connects in the child's place; nil for the child itself.
  package mutating func expect(
    _ position: UInt32, attempt: UInt32, name: String, carrier: Int32? = nil
  ) {
    expected[position] = Expected(attempt: attempt, name: name, carrier: carrier)
  }

  /// Forgets a child that has gone.
  package mutating func forget(_ position: UInt32) {
    expected[position] = nil
  }

  /// Admits the peer, once.
  ///
  /// Version and build are checked after the proof, so a stranger learns nothing. The proof names
  /// the process, so that somebody who has read it elsewhere cannot use it.
  ///
  /// - Parameter sender: The process that connected, by the kernel; nil where nodes share one.
  /// - Returns: The position of the child that the peer is.
  /// - Throws: The reason for the refusal.
  package mutating func admit(
    _ hello: Hello, from sender: Int32?
  ) throws(Refusal) -> UInt32 {
    guard let child = expected[hello.position],
      (sender ?? hello.pid) == (child.carrier ?? hello.pid),
      secret.child(hello.position).controlProof(attempt: child.attempt, pid: hello.pid)
        .matches(hello.proof)
    else { throw .unproved }
    guard !child.isTaken else {
      throw Refusal(.connectedAlready, "this node is connected already")
    }
    if let refusal = Refusal.of(
      child.name, speaking: hello.version, build: hello.build, by: build)
    {
      throw refusal
    }
    expected[hello.position]?.isTaken = true
    return hello.position
  }

  /// The proof for a child that was admitted that this node is its parent; nil for any other.
  package func welcome(_ hello: Hello) -> Proof? {
    expected[hello.position].map {
      secret.child(hello.position).welcomeProof(attempt: $0.attempt, pid: hello.pid)
    }
  }
}
