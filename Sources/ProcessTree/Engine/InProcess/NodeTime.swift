internal import ProcessTreeLinks

/// Time and chance as a node has them: those of the machine, or those that a test's tree replays.
extension Node {
  /// The time on the timers of the node's event loop; from any thread.
  package var now: SuspendingClock.Instant { runtime.loop.timers.now }

  /// The nanoseconds of virtual time that have passed; nil where the node has the machine's.
  package var virtualNanoseconds: UInt64? { runtime.loop.timers.virtualNanoseconds }

  /// A number from 0 to 1, which the seed decides where there is one.
  package func fraction() -> Double {
    guard let pick = runtime.loop.pickJob else { return .random(in: 0...1) }
    let steps = 1 << 20
    return Double(pick(steps + 1)) / Double(steps)
  }

  /// A number where a sequence may begin that chance decides, or the seed where there is one.
  package func makeSeed() -> UInt64 { UInt64(fraction() * Double(1 << 53)) }
}

extension Decoder {
  /// The time at the node that decodes a program or a message.
  package var timeAtNode: SuspendingClock.Instant {
    guard let key = CodingUserInfoKey.channelContext,
      let context = userInfo[key] as? ChannelContext
    else { return .now }
    return context.node.loop.timers.now
  }
}
