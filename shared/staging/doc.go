// Package staging keeps what was read from PingOne, byte for byte, between the
// fetch functions and transform.
//
// A [Store] is a place for objects: a bucket or a folder. Below it, each run
// has a folder and each collection of the run a folder in that:
//
//	runs/<run>/<collection>/part-000001.jsonl.gz   replies, one a line
//	runs/<run>/<collection>/plan-000001.jsonl.gz   tasks still to be read, one a line
//	runs/<run>/<collection>/draft-000001.bin       what the making of the plan is to find again
//	runs/<run>/<collection>/manifest.json          the parts that count, and where to go on
//	runs/<run>/<collection>/complete.json          written once, when nothing is left to read
//	runs/<run>/transform/claim.json                which transform works on the run
//	runs/<run>/report.json, report.html            what transform did
//
// What outlives a run lies below state/. Replies there are written by
// [WriteKept] and counted by whoever notes the objects.
//
// Objects other than the manifest and the claim are written once and never
// changed. A part exists only once the manifest names it, and the manifest is
// replaced only by who read its last version. So an invocation may die
// anywhere, or run beside another one, and what counts is still one reading:
// that of the invocation whose commits succeeded. Parts of the others stay
// behind as garbage, unnamed.
//
// A [Writer] stages one collection of a run. [Load] opens a complete one and
// checks every byte against the sums that were noted when it was staged.
package staging
