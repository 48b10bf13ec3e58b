#!/bin/sh
# Regenerates src/lib/graph/onnx_pb.{js,d.ts} from ONNX's protobuf schema.
#
# Needs protoc (Debian: protobuf-compiler) and the schema, which Debian's python3-onnx ships:
#   scripts/generate-onnx-codec.sh [/usr/lib/python3/dist-packages/onnx/onnx.proto]
#
# JavaScript plus declarations rather than TypeScript, because protoc-gen-es writes enums and Node
# runs our sources by type stripping. Element types newer than the schema (int4, uint4) are plain
# integers in it, and fields it does not know survive a round trip as unknown fields.
set -eu
schema=${1:-/usr/lib/python3/dist-packages/onnx/onnx.proto}
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The doc comments are most of the file's bytes.
cp "$schema" "$work/onnx.proto"
PATH="$root/node_modules/.bin:$PATH" protoc \
	--proto_path="$work" \
	--es_out="$work" \
	--es_opt=target=js+dts,import_extension=js \
	"$work/onnx.proto"
cp "$work/onnx_pb.js" "$work/onnx_pb.d.ts" "$root/src/lib/graph/"
