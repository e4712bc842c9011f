internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The lives of the children, as far as their addresses go.
extension AddressBook {
  // MARK: All children

  /// A child is being started.
  func began(_ child: ChildDeclaration) {
    guard let life = child.life else {
      let given = child.address.steps.last?.name
      return names.began(child.position, name: given, automatic: child.path.description)
    }
    names.began(child.name, incarnation: life, at: child.position)
  }

  /// A child that no supervisor keeps runs its program.
  func ready(_ child: AnyChild) {
    guard child.declaration.life == nil else { return }
    tell(.up(incarnation: 1, pid: child.pid ?? 0), at: .position(child.declaration.position))
  }

  /// A child has ended and been reaped.
  func ended(_ child: ChildDeclaration, _ report: ExitReport) {
    lost(child)
    let place = child.place
    tell(.down(incarnation: child.incarnation, report: report), at: place)
    guard child.life == nil else { return names.ended(child.name, incarnation: child.incarnation) }
    close(place, because: "\(child.address) \(report.cause)")
    names.ended(child.position)
  }

  // MARK: Supervised children

  /// A number for a supervisor of this node.
  func takeOwner() -> Int {
    lastOwner += 1
    return lastOwner
  }

  /// Throws if a child of another supervisor of this node has one of the names.
  func check(_ names: [String], for owner: Int) throws(ProcessTreeError) {
    guard let taken = self.names.firstTaken(of: names, for: owner) else { return }
    throw ProcessTreeError(
      .nameTaken,
      "\(runtime.identity.address.child(taken)) is a child of another supervisor of this node.")
  }

  /// How a child of a supervisor stands, after each change.
  func note(
    _ child: SupervisorLife.Child?, named name: String, mailbox: MailboxPolicy?, of owner: Int,
    pid: Int32?
  ) {
    let place = NameTable.Place.supervised(name)
    guard let child else { return forget(name, of: owner) }
    names.supervise(name, by: owner)
    policies[name] = mailbox
    switch child.phase {
    case .failed, .succeeded:
      let reason = child.lastEnd ?? "\(name) is \(child.phase.rawValue)"
      names.close(name, because: reason)
      close(place, because: reason)
    case .up:
      names.close(name, because: nil)
      tell(.up(incarnation: child.incarnation, pid: pid ?? 0), at: place)
    case .waiting, .skipped, .backoff, .starting, .started, .stopping, .stopped:
      names.close(name, because: nil)
    }
  }

  /// A supervisor has ended, with all of its children.
  func release(_ owner: Int, because reason: String) {
    for name in names.names(of: owner) { forget(name, of: owner, because: reason) }
  }

  private func forget(_ name: String, of owner: Int, because reason: String? = nil) {
    guard names.forget(name, of: owner) else { return }
    policies[name] = nil
    close(.supervised(name), because: reason ?? "\(name) was removed from its supervisor")
  }

  /// Nothing more is sent to a place, and no life of it will come by itself.
  private func close(_ place: NameTable.Place, because reason: @autoclosure () -> String) {
    closeMailboxes(of: place)
    finishMonitors(of: place, because: reason())
  }
}

extension ChildDeclaration {
  /// Where the child is kept.
  var place: NameTable.Place { life == nil ? .position(position) : .supervised(name) }
}
