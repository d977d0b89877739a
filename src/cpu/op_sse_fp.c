// SPDX-License-Identifier: MIT
/*
 * SSE floating point: arithmetic, conversions, comparisons, rounding, dot products.
 */
#include "cpu/flags.h"
#include "cpu/sse.h"
#include "cpu/sse_ops.h"

#define FP_OP(mn, name)                                                                            \
	HANDLER(name)                                                                              \
	{                                                                                          \
		vec s = sse_source(cpu, insn), d = *SSE_DST(cpu, insn);                            \
                                                                                                   \
		SSE_FP(#name " %[s], %[d]");                                                       \
		*SSE_DST(cpu, insn) = d;                                                           \
		NEXT;                                                                              \
	}
VECTOR_FP(FP_OP)

/* A case of an instruction whose immediate is part of its code. */
#define IMM_CASE(name, n)                                                                          \
	case n:                                                                                    \
		SSE_FP(name " $" #n ", %[s], %[d]");                                               \
		break;
#define IMM_CASES_8(name)                                                                          \
	IMM_CASE(name, 0)                                                                          \
	IMM_CASE(name, 1) IMM_CASE(name, 2) IMM_CASE(name, 3) IMM_CASE(name, 4) IMM_CASE(name, 5)  \
		IMM_CASE(name, 6) IMM_CASE(name, 7)
#define IMM_CASES_16(name)                                                                         \
	IMM_CASES_8(name)                                                                          \
	IMM_CASE(name, 8)                                                                          \
	IMM_CASE(name, 9) IMM_CASE(name, 10) IMM_CASE(name, 11) IMM_CASE(name, 12)                 \
		IMM_CASE(name, 13) IMM_CASE(name, 14) IMM_CASE(name, 15)

#define COMPARE(name)                                                                              \
	HANDLER(name)                                                                              \
	{                                                                                          \
		vec s = sse_source(cpu, insn), d = *SSE_DST(cpu, insn);                            \
                                                                                                   \
		switch (insn->imm & 7) {                                                           \
			IMM_CASES_8(#name)                                                         \
		}                                                                                  \
		*SSE_DST(cpu, insn) = d;                                                           \
		NEXT;                                                                              \
	}
COMPARE(cmpps)
COMPARE(cmppd)
COMPARE(cmpss)
COMPARE(cmpsd)

bool emit_cmpsd(const struct decode *d, struct insn *insn)
{
	const struct opcode op = SSE_IMM(CMPSD, cmpsd);

	return emit_sse_imm(d, &op, insn);
}

#define ROUND(name)                                                                                \
	HANDLER(name)                                                                              \
	{                                                                                          \
		vec s = sse_source(cpu, insn), d = *SSE_DST(cpu, insn);                            \
                                                                                                   \
		switch (insn->imm & 15) {                                                          \
			IMM_CASES_16(#name)                                                        \
		}                                                                                  \
		*SSE_DST(cpu, insn) = d;                                                           \
		NEXT;                                                                              \
	}
ROUND(roundps)
ROUND(roundpd)
ROUND(roundss)
ROUND(roundsd)

/* COMISS and its kin set ZF, PF, CF and clear the others. */
#define COMPARE_FLAGS(name)                                                                        \
	HANDLER(name)                                                                              \
	{                                                                                          \
		vec s = sse_source(cpu, insn), d = *SSE_DST(cpu, insn);                            \
		uint32_t in = sse_mxcsr(cpu), out;                                                 \
		bool zf, pf, cf;                                                                   \
                                                                                                   \
		__asm__ __volatile__(                                                              \
			"ldmxcsr %[in]\n\t" #name                                                  \
			" %[s], %[d]\n\tstmxcsr %[out]\n\tldmxcsr %[host]"                         \
			: "=@ccz"(zf), "=@ccp"(pf), "=@ccc"(cf), [out] "=m"(out)                   \
			: [d] "x"(d), [s] "x"(s), [in] "m"(in), [host] "m"(cpu->host_mxcsr));      \
		sse_flags(cpu, insn, out);                                                         \
		flags_load_arith(cpu,                                                              \
				 (zf ? FLAG_ZF : 0) | (pf ? FLAG_PF : 0) | (cf ? FLAG_CF : 0));    \
		NEXT;                                                                              \
	}
COMPARE_FLAGS(comiss)
COMPARE_FLAGS(comisd)
COMPARE_FLAGS(ucomiss)
COMPARE_FLAGS(ucomisd)

/* From an integer register or memory. */
#define FROM_INT(name, suffix, TYPE)                                                               \
	HANDLER(name##suffix)                                                                      \
	{                                                                                          \
		uint32_t in = sse_mxcsr(cpu), out;                                                 \
		vec d = *SSE_DST(cpu, insn);                                                       \
		TYPE s = (TYPE)(insn->flags & INSN_MEM                                             \
					? mem_load(cpu, insn, insn_lin(cpu, insn), sizeof(TYPE))   \
					: reg64(cpu, insn->src));                                  \
                                                                                                   \
		__asm__ __volatile__("ldmxcsr %[in]\n\t" #name #suffix                             \
				     " %[s], %[d]\n\tstmxcsr %[out]\n\tldmxcsr %[host]"            \
				     : [d] "+x"(d), [out] "=m"(out)                                \
				     : [s] "r"(s), [in] "m"(in), [host] "m"(cpu->host_mxcsr));     \
		sse_flags(cpu, insn, out);                                                         \
		*SSE_DST(cpu, insn) = d;                                                           \
		NEXT;                                                                              \
	}
FROM_INT(cvtsi2ss, l, uint32_t)
FROM_INT(cvtsi2ss, q, uint64_t)
FROM_INT(cvtsi2sd, l, uint32_t)
FROM_INT(cvtsi2sd, q, uint64_t)

/* To an integer register. */
#define TO_INT(name, suffix, TYPE)                                                                 \
	HANDLER(name##suffix)                                                                      \
	{                                                                                          \
		uint32_t in = sse_mxcsr(cpu), out;                                                 \
		vec s = sse_source(cpu, insn);                                                     \
		TYPE d;                                                                            \
                                                                                                   \
		__asm__ __volatile__("ldmxcsr %[in]\n\t" #name                                     \
				     " %[s], %[d]\n\tstmxcsr %[out]\n\tldmxcsr %[host]"            \
				     : [d] "=r"(d), [out] "=m"(out)                                \
				     : [s] "x"(s), [in] "m"(in), [host] "m"(cpu->host_mxcsr));     \
		sse_flags(cpu, insn, out);                                                         \
		*reg64p(cpu, insn->dst) = d;                                                       \
		NEXT;                                                                              \
	}
TO_INT(cvtss2si, l, uint32_t)
TO_INT(cvtss2si, q, uint64_t)
TO_INT(cvtsd2si, l, uint32_t)
TO_INT(cvtsd2si, q, uint64_t)
TO_INT(cvttss2si, l, uint32_t)
TO_INT(cvttss2si, q, uint64_t)
TO_INT(cvttsd2si, l, uint32_t)
TO_INT(cvttsd2si, q, uint64_t)

/* table: the 32-bit and the 64-bit handler; the integer operand is number op->arg. */
static bool emit_convert(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	handler_fn *const *forms = op->table;

	insn->dst = decode_reg(d->op[0].reg.value);
	insn->fn = forms[d->op[op->arg].size == 64];
	if (op_is_mem(d, 1))
		return decode_mem(d, &d->op[1], insn);
	insn->src = decode_reg(d->op[1].reg.value);
	return true;
}

/* Dot products: products of the selected elements, summed pairwise, to the selected places. */
HANDLER(dpps)
{
	union lanes m, r = { .q = { 0 } };
	vec s = sse_source(cpu, insn), d = *SSE_DST(cpu, insn);

	for (unsigned i = 0; i < 4; i++)
		m.d[i] = insn->imm >> (4 + i) & 1 ? ~0u : 0;
	d &= m.v;
	s &= m.v;
	SSE_FP("mulps %[s], %[d]");
	s = d;
	SSE_FP("haddps %[s], %[d]");
	s = d;
	SSE_FP("haddps %[s], %[d]");
	m.v = d;
	for (unsigned i = 0; i < 4; i++)
		r.d[i] = insn->imm >> i & 1 ? m.d[0] : 0;
	*SSE_DST(cpu, insn) = r.v;
	NEXT;
}

HANDLER(dppd)
{
	union lanes m, r = { .q = { 0 } };
	vec s = sse_source(cpu, insn), d = *SSE_DST(cpu, insn);

	for (unsigned i = 0; i < 2; i++)
		m.q[i] = insn->imm >> (4 + i) & 1 ? ~0ull : 0;
	d &= m.v;
	s &= m.v;
	SSE_FP("mulpd %[s], %[d]");
	s = d;
	SSE_FP("haddpd %[s], %[d]");
	m.v = d;
	for (unsigned i = 0; i < 2; i++)
		r.q[i] = insn->imm >> i & 1 ? m.q[0] : 0;
	*SSE_DST(cpu, insn) = r.v;
	NEXT;
}

#define ROW(mn, name) SSE(mn, name),
#define CONVERT(mn, int_op, name)                                                                  \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_SSE, int_op, emit_convert, (handler_fn *const[])           \
		{                                                                                  \
			name##l, name##q                                                           \
		}                                                                                  \
	}

static const struct opcode ops[] = {
	VECTOR_FP(ROW) SSE_IMM(CMPPS, cmpps),
	SSE_IMM(CMPPD, cmppd),
	SSE_IMM(CMPSS, cmpss),
	SSE_IMM(ROUNDPS, roundps),
	SSE_IMM(ROUNDPD, roundpd),
	SSE_IMM(ROUNDSS, roundss),
	SSE_IMM(ROUNDSD, roundsd),
	SSE(COMISS, comiss),
	SSE(COMISD, comisd),
	SSE(UCOMISS, ucomiss),
	SSE(UCOMISD, ucomisd),
	SSE_IMM(DPPS, dpps),
	SSE_IMM(DPPD, dppd),
	CONVERT(CVTSI2SS, 1, cvtsi2ss),
	CONVERT(CVTSI2SD, 1, cvtsi2sd),
	CONVERT(CVTSS2SI, 0, cvtss2si),
	CONVERT(CVTSD2SI, 0, cvtsd2si),
	CONVERT(CVTTSS2SI, 0, cvttss2si),
	CONVERT(CVTTSD2SI, 0, cvttsd2si),
};
GROUP(cpu_ops_sse_fp, ops);
