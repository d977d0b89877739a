#!/bin/sh
# SPDX-License-Identifier: MIT
# The ACPI tables as ACPICA's tools read them: each disassembles without a complaint, the DSDT compiles again without one,
# and what matters is in it. Usage: acpi.sh TEST_ACPI
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder"
cd "$folder"
bad=0

for table in DSDT FACP APIC CCEL; do
	iasl -d $table.aml >$table.log 2>&1 || bad=1
	if [ ! -s $table.dsl ] || grep -iE 'error|warning|invalid|incorrect' $table.log; then
		cat $table.log
		echo "acpi: iasl does not read the $table"
		bad=1
	fi
done
iasl -tc DSDT.dsl >compile.log 2>&1 || bad=1
grep -q '0 Errors, 0 Warnings, 0 Remarks' compile.log || {
	cat compile.log
	bad=1
}

has() { # TABLE PATTERN...
	table=$1
	shift
	for pattern in "$@"; do
		grep -qE "$pattern" "$table.dsl" || {
			echo "acpi: no line '$pattern' in the $table"
			bad=1
		}
	done
}

has DSDT 'Name \(_S5, Package' 'EisaId \("PNP0A08"\)' 'EisaId \("PNP0A03"\)' 'EisaId \("PNP0501"\)' 'EisaId \("PNP0B00"\)' \
	'WordBusNumber \(ResourceProducer' 'WordIO \(ResourceProducer' 'DWordMemory \(ResourceProducer' '0xDFFFFFFF, +// Range Maximum' \
	'Interrupt \(ResourceConsumer, Edge, ActiveHigh, Exclusive' '^ +0x00000004,$'
has FACP 'Hardware Reduced \(V5\) : 1' 'Reset Register Supported \(V2\) : 1' '8042 Present.* : 0' 'Value to cause reset : 06'
has APIC 'PC-AT Compatibility : 0' 'Subtable Type : 10 ' 'Local Apic ID : 02' 'Address : FEC00000'
[ "$bad" = 0 ] && echo "acpi: four tables read by $(iasl -v | sed -n 's/.*version //p' | head -n 1)"
exit $bad
