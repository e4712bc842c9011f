package import ProcessTreeBase
internal import ProcessTreeProcessControl

/// The page in which a child notes, for its parent, on which element of which batch it works.
package struct WorkNotebook: Sendable {
  private let page: WorkPage

  /// Makes an empty notebook; nil if the node has no descriptor for it, or no process of its own,
  /// in which it could die alone.
  package init?(of node: Node) {
    guard node.shared.nodes == nil, let page = try? WorkPage() else { return nil }
    self.page = page
  }

  /// The name under which the parent finds the notebook.
  package var name: NotebookName { NotebookName(identity: page.identity) }

  /// Notes that work on a batch begins.
  ///
  /// - Returns: The place where elements of the batch are noted.
  package func begin(_ batch: Int) -> ElementNotes {
    page.slot(0).begin(channel: 0, sequence: UInt64(batch), attempt: 1)
  }
}

/// The name of a notebook, as it travels to the parent.
package struct NotebookName: Hashable, Sendable, Codable {
  let identity: SharedRegionIdentity
}

/// The notebook of a child, which stays readable after the child has ended.
package struct ChildNotebook: Sendable {
  private let page: PeerWorkPage

  /// Opens the notebook that a child has named; nil if that is no notebook of this child.
  package init?(_ name: NotebookName, of child: AnyChild) {
    // The number of a process of another host means nothing here.
    guard child.declaration.host == nil, name.identity.pid == child.pid,
      let process = try? ProcessHandle(pid: name.identity.pid)
    else { return nil }
    defer { process.close() }
    guard let page = try? PeerWorkPage(name.identity, of: process) else { return nil }
    self.page = page
  }

  /// The batch that the child began last, and the element on which it works; nil if it noted none.
  package var element: (batch: Int, offset: Int)? {
    guard let entry = page.read(0), let offset = entry.elementOffset else { return nil }
    return (Int(clamping: entry.sequence), Int(offset))
  }
}
