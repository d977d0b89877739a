/* SPDX-License-Identifier: MIT */
/*
 * Two-operand vector instructions that are a single host instruction. X(mnemonic, name).
 */
#ifndef CPU_SSE_OPS_H
#define CPU_SSE_OPS_H

/* With XMM and with MMX operands. */
#define VECTOR_OPS_BOTH(X) \
	X(PADDB, paddb) X(PADDW, paddw) X(PADDD, paddd) X(PADDQ, paddq) X(PSUBB, psubb) \
	X(PSUBW, psubw) X(PSUBD, psubd) X(PSUBQ, psubq) X(PADDSB, paddsb) \
	X(PADDSW, paddsw) X(PADDUSB, paddusb) X(PADDUSW, paddusw) X(PSUBSB, psubsb) \
	X(PSUBSW, psubsw) X(PSUBUSB, psubusb) X(PSUBUSW, psubusw) X(PMULLW, pmullw) \
	X(PMULHW, pmulhw) X(PMULHUW, pmulhuw) X(PMULUDQ, pmuludq) X(PMADDWD, pmaddwd) \
	X(PAVGB, pavgb) X(PAVGW, pavgw) X(PSADBW, psadbw) X(PMINUB, pminub) \
	X(PMINSW, pminsw) X(PMAXUB, pmaxub) X(PMAXSW, pmaxsw) X(PCMPEQB, pcmpeqb) \
	X(PCMPEQW, pcmpeqw) X(PCMPEQD, pcmpeqd) X(PCMPGTB, pcmpgtb) X(PCMPGTW, pcmpgtw) \
	X(PCMPGTD, pcmpgtd) X(PAND, pand) X(PANDN, pandn) X(POR, por) X(PXOR, pxor) \
	X(PUNPCKLBW, punpcklbw) X(PUNPCKLWD, punpcklwd) X(PUNPCKLDQ, punpckldq) \
	X(PUNPCKHBW, punpckhbw) X(PUNPCKHWD, punpckhwd) X(PUNPCKHDQ, punpckhdq) \
	X(PACKSSWB, packsswb) X(PACKSSDW, packssdw) X(PACKUSWB, packuswb) \
	X(PSHUFB, pshufb) X(PHADDW, phaddw) X(PHADDD, phaddd) X(PHADDSW, phaddsw) \
	X(PHSUBW, phsubw) X(PHSUBD, phsubd) X(PHSUBSW, phsubsw) X(PMADDUBSW, pmaddubsw) \
	X(PMULHRSW, pmulhrsw) X(PSIGNB, psignb) X(PSIGNW, psignw) X(PSIGND, psignd) \
	X(PABSB, pabsb) X(PABSW, pabsw) X(PABSD, pabsd)

/* Shifts: the count is the source's low quadword, or an immediate. */
#define VECTOR_SHIFTS(X) \
	X(PSLLW, psllw) X(PSLLD, pslld) X(PSLLQ, psllq) X(PSRLW, psrlw) X(PSRLD, psrld) \
	X(PSRLQ, psrlq) X(PSRAW, psraw) X(PSRAD, psrad)

#define VECTOR_OPS_XMM(X) \
	X(ANDPS, andps) X(ANDPD, andpd) X(ANDNPS, andnps) X(ANDNPD, andnpd) \
	X(ORPS, orps) X(ORPD, orpd) X(XORPS, xorps) X(XORPD, xorpd) \
	X(UNPCKLPS, unpcklps) X(UNPCKLPD, unpcklpd) X(UNPCKHPS, unpckhps) \
	X(UNPCKHPD, unpckhpd) X(PUNPCKLQDQ, punpcklqdq) X(PUNPCKHQDQ, punpckhqdq) \
	X(PMULDQ, pmuldq) X(PMULLD, pmulld) X(PACKUSDW, packusdw) X(PCMPEQQ, pcmpeqq) \
	X(PCMPGTQ, pcmpgtq) X(PMINSB, pminsb) X(PMINSD, pminsd) X(PMINUW, pminuw) \
	X(PMINUD, pminud) X(PMAXSB, pmaxsb) X(PMAXSD, pmaxsd) X(PMAXUW, pmaxuw) \
	X(PMAXUD, pmaxud) X(PHMINPOSUW, phminposuw) X(PMOVSXBW, pmovsxbw) \
	X(PMOVSXBD, pmovsxbd) X(PMOVSXBQ, pmovsxbq) X(PMOVSXWD, pmovsxwd) \
	X(PMOVSXWQ, pmovsxwq) X(PMOVSXDQ, pmovsxdq) X(PMOVZXBW, pmovzxbw) \
	X(PMOVZXBD, pmovzxbd) X(PMOVZXBQ, pmovzxbq) X(PMOVZXWD, pmovzxwd) \
	X(PMOVZXWQ, pmovzxwq) X(PMOVZXDQ, pmovzxdq)

/* Floating point: under the guest's MXCSR. */
#define VECTOR_FP(X) \
	X(ADDPS, addps) X(ADDPD, addpd) X(ADDSS, addss) X(ADDSD, addsd) X(SUBPS, subps) \
	X(SUBPD, subpd) X(SUBSS, subss) X(SUBSD, subsd) X(MULPS, mulps) X(MULPD, mulpd) \
	X(MULSS, mulss) X(MULSD, mulsd) X(DIVPS, divps) X(DIVPD, divpd) X(DIVSS, divss) \
	X(DIVSD, divsd) X(MINPS, minps) X(MINPD, minpd) X(MINSS, minss) X(MINSD, minsd) \
	X(MAXPS, maxps) X(MAXPD, maxpd) X(MAXSS, maxss) X(MAXSD, maxsd) \
	X(SQRTPS, sqrtps) X(SQRTPD, sqrtpd) X(SQRTSS, sqrtss) X(SQRTSD, sqrtsd) \
	X(RCPPS, rcpps) X(RCPSS, rcpss) X(RSQRTPS, rsqrtps) X(RSQRTSS, rsqrtss) \
	X(HADDPS, haddps) X(HADDPD, haddpd) X(HSUBPS, hsubps) X(HSUBPD, hsubpd) \
	X(ADDSUBPS, addsubps) X(ADDSUBPD, addsubpd) X(CVTPS2PD, cvtps2pd) \
	X(CVTPD2PS, cvtpd2ps) X(CVTSS2SD, cvtss2sd) X(CVTSD2SS, cvtsd2ss) \
	X(CVTDQ2PS, cvtdq2ps) X(CVTDQ2PD, cvtdq2pd) X(CVTPS2DQ, cvtps2dq) \
	X(CVTTPS2DQ, cvttps2dq) X(CVTPD2DQ, cvtpd2dq) X(CVTTPD2DQ, cvttpd2dq)

#endif
