"""The words on the page in Korean; English is what the code says. The browser's language chooses, through Gradio.

Whole sentences are in ``sentences``, which says what is not translated and why. Knows nothing of what is on the page.
"""

from __future__ import annotations

import gradio as gr
from gradio.i18n import I18nData

from musicgen.ui.sentences import PARTS, SENTENCES

KOREAN = {
    # the page and its tabs
    "Say what it should sound like and hear it being made.":
        "어떤 소리여야 하는지 적어 보세요. 만들어지는 동안 바로 들립니다.",
    "Create": "만들기", "Patterns": "패턴", "Codebooks": "코드북", "Takes": "테이크",
    # asking
    "Prompt": "프롬프트",
    "What should it sound like? Style, mood, instruments, tempo, key …":
        "어떤 소리일까요? 장르, 분위기, 악기, 빠르기, 조성 … (영어로 쓰면 가장 잘 알아듣습니다)",
    "Generate": "생성", "Stop": "정지", "Surprise me": "아무거나", "Or start from": "또는 여기서 시작",
    "From a file": "파일에서",
    "Duration, seconds": "길이(초)", "Bars": "마디 수",
    "Seed": "시드", "a new one each time": "매번 새로", "Roll a seed": "시드 뽑기",
    "Keep this seed, or release it": "이 시드 고정 또는 해제", "Model": "모델",
    # plan
    "Plan and notes: tempo, key, chords, melody": "계획과 음: 빠르기, 조성, 화음, 선율",
    "The melody and the plan's chords over time, as the model will be told them. Paint to change them: what you "
    "painted is orange.":
        "모델에 전해질 선율과, 계획의 화음입니다. 칠해서 바꿀 수 있고, 칠한 것은 주황색입니다.",
    "Follow a plan": "계획 따르기",
    "Whatever is on auto comes from the prompt and the seed.": "자동으로 둔 것은 프롬프트와 시드에서 나옵니다.",
    "Tempo": "빠르기", "Tap": "두드리기", "auto": "자동",
    "Key": "조성", "Metre": "박자", "Chords, one a bar": "화음, 마디마다 하나",
    "auto, or: Am F C G": "자동, 또는: Am F C G", "Drums": "드럼", "Ending": "끝맺음",
    "Fill in, to edit": "채워서 고치기",
    "All on auto": "모두 자동으로", "Instruments": "악기",
    "Every instrument except the drums. If empty: from the prompt, or its style.":
        "드럼 말고 연주하는 모든 악기입니다. 비워 두면 프롬프트나 그 장르에서 정해집니다.",
    "Sections: who plays when": "구간: 누가 언제 연주할까",
    "Bars and players: 4 piano | 8 all | 4 no drums | all. With ~4 they are fewer in a short take.":
        "마디 수와 연주자를 차례로 적습니다: 4 piano | 8 all | 4 no drums | all. ~4라고 쓰면 짧은 테이크에서는 "
        "줄어듭니다.",
    # melody, continuation, pattern, advanced
    "Melody to follow": "따라갈 선율", "Hum, play or upload": "흥얼거리거나, 연주하거나, 올리세요",
    "Find the tune by": "선율을 찾는 방법",
    "Demucs leaves out drums and bass; harmonic leaves out drum hits and low notes; none takes the whole sound. Auto "
    "is Demucs if it can be had, else harmonic.":
        "demucs는 드럼과 베이스를, harmonic은 두드리는 소리와 낮은 소리를 뺍니다. none은 있는 그대로 씁니다. auto는 "
        "Demucs를 쓸 수 있으면 demucs, 아니면 harmonic입니다.",
    "How closely": "얼마나 가깝게",
    "How closely the bundled model follows the tune, and painted notes. Above 3 the sound suffers.":
        "기본 모델이 선율(칠한 음도)을 얼마나 가깝게 따를지입니다. 3을 넘으면 소리가 나빠집니다.",
    "Continue a recording": "녹음 이어가기", "Go on from this": "여기서 이어가기",
    "The duration counts the given audio and the new music together.": "길이는 준 소리와 새 음악을 합친 것입니다.",
    "Pattern: the order of the codes": "패턴: 코드를 예측하는 순서", "Pattern": "패턴",
    "Or write your own: delays such as 0,1,2,3, or groups such as 1|2,3,4.":
        "직접 쓸 수도 있습니다: 0,1,2,3 같은 지연, 또는 1|2,3,4 같은 묶음.",
    "Advanced": "고급", "the model's own": "모델의 값", "Temperature": "온도", "Guidance": "가이던스",
    "Prior": "프라이어",
    "How much counts what the bundled model expects of each frame by the plan alone, whatever came before. 0 is off; "
    "more keeps closer to the chords and sounds plainer.":
        "앞에 무엇이 있었든 기본 모델이 한 프레임의 계획만 보고 기대하는 것을 얼마나 무겁게 칠지입니다. 0이면 꺼지고, "
        "클수록 화음에 더 가깝지만 단조롭게 들립니다.",
    "Negative prompt": "피할 프롬프트", "What it should not sound like": "피하고 싶은 소리", "Greedy": "탐욕적",
    "Always takes the likeliest code: nothing is left to chance, and it often sounds dull.":
        "항상 가장 그럴듯한 코드: 우연이 없고 흔히 밋밋합니다.",
    # results
    "Press Generate, or Ctrl+Enter. You hear it while it is being made.":
        "생성을 누르거나 Ctrl+Enter. 만들어지는 동안 바로 들립니다.",
    "Waiting for its turn …": "차례를 기다리는 중 …",
    "Live": "실시간", "Play": "재생", "Pause": "일시정지",
    "Takes made together": "이번에 만든 테이크", "The whole take": "전체 테이크",
    "Save as": "다음 형식으로 저장", "Same again": "똑같이 다시", "New performance": "새로 연주하기",
    "New seed": "새 시드로", "Continue it": "이어가기",
    "Use as melody": "선율로 쓰기", "Start afresh": "처음부터 새로",
    "Loop": "루프", "Loop here": "반복해서 듣기", "bars": "마디", "Codes": "코드", "Picture": "그림",
    "Link to this take": "이 테이크의 링크", "Link to its settings": "설정의 링크",
    "Link": "링크", "Recipe: everything needed to make it again": "레시피: 다시 만드는 데 필요한 모든 것",
    # the sheet of notes
    "Melody": "선율", "Chords": "화음", "Erase": "지우개", "Undo": "되돌리기", "Clear all": "모두 지우기", "rest": "쉼",
    "bar": "마디", "melody": "선율", "chord": "화음", "Paint": "칠하기", "Earlier": "앞으로", "Later": "뒤로",
    "Notes over time. Arrow keys move, space paints a note or takes it away, Delete erases paint.":
        "시간에 따른 음. 화살표로 움직이고, 스페이스로 칠하거나 빼고, Delete로 칠한 것을 지웁니다.",
    # patterns
    "All patterns side by side": "모든 패턴 나란히", "8: stereo": "8: 스테레오", "Frames drawn": "그릴 프레임",
    "Step of the pattern": "패턴의 걸음", "20 ms each": "각 20 ms",
    "Seconds of sound, to count the steps": "걸음을 셀 소리의 길이(초)",
    "30: one window of the released models": "30: 공개된 모델의 창 하나",
    "Patterns, 2 to 4": "패턴, 2~4개", "Seconds each": "각각의 길이(초)", "Seed, for all": "시드, 모두 같이",
    "a new one": "새로", "Compare": "비교", "Take": "테이크",
    # codebooks
    "Any sound": "아무 소리", "Use the take made on Create": "만들기에서 만든 테이크 쓰기",
    "The codec of": "어느 모델의 코덱",
    "Hear it book by book": "코드북마다 듣기", "Sound": "소리",
    # how it works
    "How it works": "작동 원리",
    "What the chosen model is made of, from your words to the sound. Every number is computed from its configuration.":
        "고른 모델이 글에서 소리까지 무엇으로 이루어져 있는지 보여 줍니다. 모든 수는 그 모델의 설정에서 계산한 "
        "것입니다.",
    "Parameters are those of the language model, without text encoder and codec. The sizes in the list, 300 M, 1.5 B "
    "and 3.3 B, are the paper's names: small has about 300 M without cross-attention, embeddings and heads. Models "
    "that put the words before the codes have no cross-attention, and so fewer parameters than others of the same "
    "size.":
        "파라미터는 텍스트 인코더와 코덱을 뺀 언어 모델의 것입니다. 300 M, 1.5 B, 3.3 B는 논문이 붙인 이름입니다. "
        "small은 교차 어텐션과 임베딩과 헤드를 빼면 약 300 M입니다. 글을 코드 앞에 놓는 모델에는 교차 어텐션이 없어서, "
        "같은 이름의 다른 모델보다 파라미터가 적습니다.",
    "Sound as codes": "코드로 적은 소리",
    "The codec cuts sound into frames of 20 ms and writes each as a few codes. A code is the number of an entry in a "
    "codebook, a numbered list; the entries chosen for a frame are added up. The first says roughly what it sounds "
    "like; each of the others corrects what the ones before it missed. So music becomes a grid of numbers, and numbers "
    "can be predicted.":
        "코덱은 소리를 20 ms짜리 프레임으로 나누고, 프레임마다 코드 몇 개로 적습니다. 코드는 번호를 매긴 목록인 "
        "코드북에서 고른 항목의 번호이고, 한 프레임에 고른 항목들은 서로 더해집니다. 첫 항목은 대강 어떤 소리인지 "
        "말하고, 다음 항목은 아직 빠진 것을 바로잡습니다. 그래서 음악은 수의 격자가 되고, 수는 예측할 수 있습니다.",
    "Hear it on Codebooks.": "코드북 탭에서 들어 보세요.",
    "Why interleave them": "왜 엇갈려 놓을까",
    "Predicting all codes of a frame at once is quick, but none of them knows the others. One by one misses nothing, "
    "but takes several times as many steps. The delay pattern is the middle way: each codebook lags one step behind "
    "the coarser one, and so sees the coarser codes of its own frame.":
        "한 프레임의 코드를 한꺼번에 예측하면 빠르지만 서로를 모른 채 정해집니다. 하나씩 예측하면 놓치는 것이 없지만 "
        "걸음이 몇 배로 늘어납니다. 지연 패턴은 그 사이의 길입니다. 각 코드북이 더 거친 코드북보다 한 걸음 늦게 가서, "
        "같은 프레임의 더 거친 코드를 보고 예측합니다.",
    "See and hear it on Patterns.": "패턴 탭에서 보고 들어 보세요.",
    "The melody's bottleneck": "선율의 병목",
    "Of a recording only the strongest of the twelve pitch classes (C, C#, D and so on, in any octave) is kept for "
    "each chroma frame: one every 128 ms, each taken from half a second of sound. There is no timbre in it, no octave, "
    "no words. So the model can follow the tune, but cannot copy the recording; everything else it has to invent. (The "
    "bundled model is also told the tempo and the beat heard in the recording.)":
        "녹음에서는 크로마 프레임(128 ms마다, 0.5초 길이의 소리를 듣습니다) 하나에 열두 음이름(C, C#, D …, 옥타브와 "
        "상관없이) 가운데 가장 센 하나만 "
        "남깁니다. 음색도, 옥타브도, 가사도 남지 않습니다. 그래서 모델은 선율을 따라갈 수 있지만 녹음을 베낄 수는 "
        "없고, 나머지는 스스로 지어내야 합니다. (함께 들어 있는 모델은 녹음에서 들리는 빠르기와 박도 전해 듣습니다.)",
    "Try it on Create, under “Melody to follow”.": "만들기 탭의 ‘따라갈 선율’에서 해 보세요.",
    "Each step is scored twice: with what the model is told, and without. The difference between the two is then "
    "enlarged. With more guidance the music follows you more closely; too much sounds forced. (The bundled model keeps "
    "half of the words on the “without” side, too, so that the plan counts for more.)":
        "걸음마다 점수를 두 번 냅니다. 모델에 전한 것을 넣고 한 번, 빼고 한 번. 그리고 둘의 차이를 키웁니다. "
        "가이던스가 클수록 요청을 더 가까이 따르지만, 지나치면 억지스럽게 들립니다. (함께 들어 있는 모델은 뺀 쪽에도 "
        "글을 절반 남겨서, 계획이 더 무겁게 여겨집니다.)",
    "Change it on Create, under “Advanced”; see below what it does to one step.":
        "만들기 탭의 ‘고급’에서 바꿔 보세요. 한 걸음에서 무엇을 하는지는 아래에서 볼 수 있습니다.",
    "The plan": "계획",
    "Words alone pin down neither tempo nor key well. So a plan comes first, from your prompt and the seed: tempo, "
    "metre, key, chords, drums, instruments. The bundled model is told the plan frame by frame; the released ones read "
    "what you set by hand as part of the text. Beside it the bundled model has a prior, a small network that knows no "
    "past: by the plan of one frame alone it tells which codes are likely there. This is added to the scores, and "
    "leads the music back to the plan where it strays.":
        "글만으로는 빠르기와 조성이 잘 지켜지지 않습니다. 그래서 먼저 프롬프트와 시드로 계획을 세웁니다: 빠르기, "
        "박자, 조성, 화음, 드럼, 악기. 함께 들어 있는 모델은 이것을 프레임마다 전해 듣고, 공개된 모델들은 손으로 정한 "
        "것을 글의 일부로 읽습니다. 함께 들어 있는 모델에는 지나간 것을 모르는 작은 네트워크, 프라이어가 하나 더 "
        "있어서 한 프레임의 계획만 보고 거기에 있을 법한 코드를 알려 줍니다. 이것이 점수에 더해져, 음악이 계획에서 "
        "벗어나면 다시 돌아오게 합니다.",
    "See it and paint over it on Create, under “Plan and notes”.": "만들기 탭의 ‘계획과 음’에서 보고 칠해 보세요.",
    "The paper": "논문",
    "All the ideas above except the plan are in Copet et al. 2023, “Simple and Controllable Music Generation”, "
    "arXiv:2306.05284. The bundled model has a different text encoder and a codec of its own. Telling a model tempo "
    "and chords frame by frame follows MusiConGen and JASCO.":
        "위의 생각들은 계획 말고는 Copet et al. 2023, “Simple and Controllable Music Generation”, arXiv:2306.05284에 "
        "있습니다. 함께 들어 있는 모델은 텍스트 인코더가 다르고 코덱도 따로 만든 것입니다. 빠르기와 화음을 프레임마다 "
        "전하는 방법은 MusiConGen과 JASCO를 따랐습니다.",
    # one step, seen from inside
    "One step, seen from inside": "한 걸음의 속",
    "Look inside the take made on Create": "만들기에서 만든 테이크 들여다보기", "From second": "몇 초부터",
    "How much what the model was told mattered, frame by frame": "모델에 전한 것이 프레임마다 얼마나 중요했는지",
    "Place in the take": "테이크의 어느 곳", "Codebook": "코드북", "As it was drawn": "뽑았을 때 그대로",
    "Code": "코드", "Told": "전했을 때", "Without": "없이", "In the end": "결과", "off": "꺼짐", "drawn": "뽑힘",
    "At #1 s: frame #2, codebook #3, predicted in step #4.": "#1초: 프레임 #2, 코드북 #3, 걸음 #4에서 예측.",
    "up to #1 nats": "최대 #1 내트",
    "The likeliest code is #1, with #2. Codes that make up 90 %: #3. Entropy: #4 nats.":
        "가장 그럴듯한 코드는 #1(#2). 90 %를 차지하는 코드 수: #3. 엔트로피: #4 내트.",
    "The code drawn is #1, with #2: rank #3, a surprise of #4 nats.":
        "뽑힌 코드는 #1(#2): #3위, 놀라움 #4 내트.",
    "The code drawn is #1, rank #2: these settings leave it out.": "뽑힌 코드는 #1(#2위): 이 설정에서는 빠집니다.",
    # takes
    "Search": "찾기", "Words of the prompt, model, seed …": "프롬프트의 낱말, 모델, 시드 …", "Your takes": "내 테이크",
    "Open in Create": "만들기에서 열기", "★ Favourite": "★ 즐겨찾기", "☆ Unmark": "☆ 해제", "Share link": "링크 공유",
    "Stop sharing": "공유 그만", "Delete": "삭제", "Delete for good": "영영 삭제", "Do not delete": "삭제하지 않기",
    "Compare with": "비교할 테이크",
    "Anyone who has this link can hear it, until a year after it was made":
        "링크가 있으면 누구나 봅니다(만든 때부터 1년)",
    "Makes it again, on any copy of this program": "어디서든 다시 만드는 링크",
    "Makes it again once the same audio is given, for a link cannot hold that":
        "같은 소리를 다시 주면 똑같이 만듭니다. 링크에는 소리를 담을 수 없습니다",
}

_ALL = KOREAN | SENTENCES | PARTS
I18N = gr.I18n(en={phrase: phrase for phrase in _ALL}, ko=_ALL)


def say(phrase: str) -> I18nData:
    """``phrase``, to be shown in the reader's language."""
    return I18N(phrase)


def find(text: str) -> tuple[str, str, str]:
    """A sentence as what stands before its known phrase, the phrase ("" if none is known), and what stands after."""
    if text in SENTENCES:
        return "", text, ""
    for phrase in SENTENCES:
        if text.startswith(f"{phrase} "):
            return "", phrase, text[len(phrase) :]
    for phrase in PARTS:
        before, known, after = text.partition(phrase)
        if known:
            return before, known, after
    return text, "", ""
