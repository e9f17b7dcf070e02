"""The words on the page in Korean; English is what the code says. The browser's language chooses, through Gradio.

What depends on a request (errors, facts, figures) is told in English. Knows nothing of what is on the page.
"""

from __future__ import annotations

import gradio as gr
from gradio.i18n import I18nData

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
    "Duration, seconds": "길이(초)", "Seed": "시드", "a new one each time": "매번 새로", "Roll a seed": "시드 뽑기",
    "Keep this seed, or let it go": "이 시드 고정 또는 해제", "Model": "모델",
    # plan
    "Plan and notes: tempo, key, chords, melody": "계획과 음: 빠르기, 조성, 화음, 선율",
    "Chords and melody over time, as they will be told to the model. Paint to change them: what you painted is orange.":
        "모델에 전해질 화음과 선율입니다. 칠해서 바꿀 수 있고, 칠한 것은 주황색입니다.",
    "Follow a plan": "계획 따르기",
    "What is left on auto comes from prompt and seed.": "자동으로 둔 것은 프롬프트와 시드에서 나옵니다.",
    "Tempo": "빠르기", "auto": "자동", "Key": "조성", "Metre": "박자", "Chords, one a bar": "화음, 마디마다 하나",
    "auto, or: Am F C G": "자동, 또는: Am F C G", "Drums": "드럼", "Fill in, to edit": "채워서 고치기",
    "All on auto": "모두 자동으로", "Instruments": "악기",
    "All that play, drums apart; left empty, those the prompt names.":
        "드럼 말고 연주하는 모든 악기입니다. 비워 두면 프롬프트에 적은 악기가 됩니다.",
    # melody, continuation, pattern, advanced
    "Melody to follow": "따라갈 선율", "Hum, play or upload": "흥얼거리거나, 연주하거나, 올리세요",
    "Find the tune by": "선율을 찾는 방법",
    "Demucs leaves out drums and bass; harmonic leaves out what is struck; none takes all there is.":
        "demucs는 드럼과 베이스를, harmonic은 두드리는 소리를 뺍니다. none은 있는 그대로 씁니다.",
    "Continue a recording": "녹음 이어가기", "Go on from this": "여기서 이어가기",
    "The duration counts the given audio and the new music together.": "길이는 준 소리와 새 음악을 합친 것입니다.",
    "Pattern: the order of the codes": "패턴: 코드를 예측하는 순서", "Pattern": "패턴",
    "Or write your own: delays such as 0,1,2,3, or groups such as 1|2,3,4.":
        "직접 쓸 수도 있습니다: 0,1,2,3 같은 지연, 또는 1|2,3,4 같은 묶음.",
    "Advanced": "고급", "the model's own": "모델의 값", "Temperature": "온도", "Guidance": "가이던스",
    "Negative prompt": "피할 프롬프트", "What to lead away from": "멀리할 것", "Greedy": "탐욕적",
    "Always the likeliest code: no chance, and often dull.": "항상 가장 그럴듯한 코드: 우연이 없고 흔히 밋밋합니다.",
    # results
    "Press Generate, or Ctrl+Enter. You hear it while it is being made.":
        "생성을 누르거나 Ctrl+Enter. 만들어지는 동안 바로 들립니다.",
    "Waiting for its turn …": "차례를 기다리는 중 …",
    "Live": "실시간", "The takes of this press": "이번에 만든 테이크", "The whole take": "전체 테이크",
    "Same again": "똑같이 다시", "New seed": "새 시드로", "Continue it": "이어가기", "Use as melody": "선율로 쓰기",
    "Codes": "코드", "Picture": "그림", "Link to this take": "이 테이크의 링크", "Link to its settings": "설정의 링크",
    "Link": "링크", "Recipe: everything needed to make it again": "레시피: 다시 만드는 데 필요한 모든 것",
    # the sheet of notes
    "Melody": "선율", "Chords": "화음", "Erase": "지우개", "Undo": "되돌리기", "Clear all": "모두 지우기", "rest": "쉼",
    "bar": "마디", "melody": "선율", "chord": "화음",
    "Notes over time. Arrow keys move, space paints or takes away, Delete erases paint.":
        "시간에 따른 음. 화살표로 움직이고, 스페이스로 칠하거나 빼고, Delete로 칠한 것을 지웁니다.",
    # patterns
    "All patterns side by side": "모든 패턴 나란히", "8: stereo": "8: 스테레오", "Frames drawn": "그릴 프레임",
    "moments": "순간", "Seconds of sound, to count the steps": "걸음을 셀 소리의 길이(초)",
    "Patterns, 2 to 4": "패턴, 2~4개", "Seconds each": "각각의 길이(초)", "Seed, for all": "시드, 모두 같이",
    "a new one": "새로", "Compare": "비교", "Take": "테이크",
    # codebooks
    "Any sound": "아무 소리", "Use the take made on Create": "만들기에서 만든 테이크 쓰기",
    "The codec of": "어느 모델의 코덱",
    "Hear it book by book": "코드북마다 듣기", "Sound": "소리",
    # takes
    "Search": "찾기", "Words of the prompt, model, seed …": "프롬프트의 낱말, 모델, 시드 …", "Your takes": "내 테이크",
    "Open in Create": "만들기에서 열기", "★ Favourite": "★ 즐겨찾기", "☆ Unmark": "☆ 해제", "Share link": "링크 공유",
    "Stop sharing": "공유 그만", "Delete": "삭제", "Delete for good": "영영 삭제", "Do not delete": "삭제하지 않기",
    "Compare with": "비교할 테이크",
}

I18N = gr.I18n(en={phrase: phrase for phrase in KOREAN}, ko=KOREAN)


def say(phrase: str) -> I18nData:
    """``phrase``, to be shown in the reader's language."""
    return I18N(phrase)
