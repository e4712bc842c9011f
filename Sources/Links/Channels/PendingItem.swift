internal import ProcessTreeWire

/// An item that its sender holds: not sent yet, or given back.
struct PendingItem {
  let bytes: [UInt8]
  /// Names the item among those of its sender, however often it is delivered.
  var number: UInt64 = 0
  /// Which delivery the next one is, from 1 on.
  var attempt: UInt8 = 1
  /// How many consumers it has killed.
  var kills: UInt32 = 0
  /// Who they were.
  var killers: [NodeAddress] = []
  /// Names a call that waits for the answer; nil for items that have none.
  var call: UInt64?

  /// What the item counts against credit.
  var cost: Int { bytes.count + FlowCredit.itemCost }
}
