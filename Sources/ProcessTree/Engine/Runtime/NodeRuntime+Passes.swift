internal import ProcessTreeLinks
internal import ProcessTreeWire

/// The way of a pass: up to the first node that is above both ends of a link, which makes it, and
/// down to the end that connects.
///
/// No node on the way keeps anything, and a pass that is lost is lost with the node that wanted it.
extension NodeRuntime {
  /// A node at or below this one wants to open a link.
  func wantPass(from connector: NodePath, to listener: NodePath) {
    guard let pass = secret.pass(from: connector, to: listener) else {
      parent?.send(.passWanted(from: connector, to: listener))
      return
    }
    hand(pass, from: connector, to: listener)
  }

  /// Hands a pass to the node at or below this one that wants it.
  func hand(_ pass: Pass, from connector: NodePath, to listener: NodePath) {
    guard connector.isWithin(identity.path) else { return }
    let depth = identity.path.positions.count
    guard connector.positions.count > depth else {
      channels?.use(pass, to: listener)
      return
    }
    controllers[connector.positions[depth]]?
      .sendOnceConnected(.pass(from: connector, to: listener, pass))
  }
}
