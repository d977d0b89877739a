// SPDX-License-Identifier: MIT
/*
 * What the interpreter's decoder knows.
 */
#include "cpu/forms.h"

#include "cpu/decode.h"

bool cpu_form_decode(struct cpu *cpu, bool code64, const uint8_t *bytes, unsigned len,
		     struct cpu_form *out)
{
	uint32_t mode = MODE_CPL0 | MODE_OSFXSR | (code64 ? MODE_64 : MODE_32 | MODE_FLAT);
	ZydisMnemonic mnemonic;
	struct insn insn;
	bool end;

	if (!decode_insn(cpu, mode, 0, bytes, len, &insn, &end) || decode_invalid(&insn))
		return false;
	mnemonic = decode_mnemonic(mode, bytes, len);
	*out = (struct cpu_form){ .len = insn.len,
				  .handled = !decode_lacks(&insn),
				  .mnemonic = ZydisMnemonicGetString(mnemonic) };
	return true;
}

bool cpu_form_mnemonic(const struct cpu *cpu, unsigned number, const char **mnemonic)
{
	if (number > ZYDIS_MNEMONIC_MAX_VALUE)
		return false;
	*mnemonic = cpu->opcodes[number] ? ZydisMnemonicGetString((ZydisMnemonic)number) : NULL;
	return true;
}
