package import ProcessTreeBase

/// The place where a receiver notes the item on which it works, for the time after a sudden death.
package protocol WorkNotes: AnyObject, Sendable {
  /// Notes an item instead of the one before; called on the loop.
  ///
  /// - Parameter flow: Identifies the sender's flow; see `FlowKey`.
  /// - Returns: The place where the program notes elements of the item.
  func begin(flow: UInt64, sequence: UInt64, attempt: UInt8) -> ElementNotes

  /// Notes that no item is being worked on; called on the loop.
  func end()
}

/// The latest note of one receiver.
struct CurrentWork {
  let notes: any WorkNotes
  private var noted: (flow: UInt64, sequence: UInt64)?

  init(_ notes: any WorkNotes) {
    self.notes = notes
  }

  mutating func begin(_ item: FlowItems.Item, of flow: InFlow) -> ElementNotes {
    noted = (flow.senderKey, item.sequence)
    return notes.begin(flow: flow.senderKey, sequence: item.sequence, attempt: item.attempt)
  }

  /// The program is done with an item, which need not be the one that began last.
  mutating func end(_ flow: InFlow, _ sequence: UInt64) {
    guard let noted, noted == (flow.senderKey, sequence) else { return }
    self.noted = nil
    notes.end()
  }
}
