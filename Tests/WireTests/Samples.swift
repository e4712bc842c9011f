import ProcessTreeBase
import ProcessTreeWire

/// A message of every kind and outcome, with fields at the ends of their ranges.
let sampleMessages: [ControlMessage] = [
  .ready,
  .outcome(.result([])),
  .outcome(.result([0, 255, 1])),
  .outcome(.result([UInt8](repeating: 7, count: WireLimits.inlinePayload))),
  .outcome(.resultOnLink),
  .outcome(.failure([0xC1])),
  .outcome(.exit(0)),
  .outcome(.exit(.max)),
  .outcome(.exit(.min)),
  .outcome(.cancelled),
  .goodbye(exitCode: 0, linkFrames: 0),
  .goodbye(exitCode: .min, linkFrames: 1),
  .goodbye(exitCode: .max, linkFrames: .max),
  .events([]),
  .events([[], [1], [UInt8](repeating: 2, count: 300)]),
  .events([[UInt8]](repeating: [9], count: 70_000)),
  .log([]),
  .log([[3, 4], []]),
  .renewal(isSuspended: false),
  .renewal(isSuspended: true),
  .welcome(.current, Proof(bytes: [1, 255])),
  .welcome(ProtocolVersion(major: .max, minor: .min), Proof(bytes: [])),
  .refused(Refusal(.malformed, "")),
  .refused(Refusal(.notAlive, "no: \u{1F6AB}\n\u{0}")),
  .stop(StopMessage(requestedBy: "", reason: "", milliseconds: 0)),
  .stop(StopMessage(requestedBy: "MainProcess", reason: "Ctrl-C", milliseconds: .max)),
  .stop(
    StopMessage(requestedBy: "a", reason: "b", milliseconds: -1, origin: [0x92, 1, 0xA1, 0x2F])),
  .drain(StopMessage(requestedBy: "a", reason: "b", milliseconds: 9, origin: [])),
  .goodbyeAcknowledged,
  .openLink,
  .passWanted(from: NodePath(positions: [1, .max]), to: .root),
  .pass(from: .root, to: NodePath(positions: [2]), Pass(bytes: [7, 8])),
  .rejected(flow: 0, reason: ""),
  .rejected(flow: .max, reason: "an Int was expected"),
  .lookUp(number: 0, question: []),
  .lookUp(number: .max, question: [1, 2]),
  .found(number: 7, answer: [0xC1]),
]

/// The secret of a node at a path, in a tree whose root's secret is all this byte.
func nodeSecret(_ byte: UInt8 = 1, of path: NodePath = .root) -> NodeSecret {
  let root = NodeSecret(
    Secret { $0.initializeMemory(as: UInt8.self, repeating: byte) }, of: .root)
  return path.positions.reduce(root) { $0.child($1) }
}

/// The hello of a root's child.
func hello(
  version: ProtocolVersion = .current, position: UInt32 = 1, root: UInt8 = 1, attempt: UInt32 = 1,
  pid: Int32 = 4_711, build: String = "build"
) -> Hello {
  Hello(
    of: nodeSecret(root, of: NodePath(positions: [position])), version: version, attempt: attempt,
    pid: pid, build: build)
}
